// Giving a card: the payment processor's own fields on Tandem's pages. Card data go from those fields to the processor and
// never touch Tandem. Works without Tandem's WebAssembly; the elements here are the only ones that need a script at all.
//
// <tandem-card>, inside a form: loads the processor's script, shows its fields, and takes the form's submission over.
// <tandem-follow>: goes on to an address, or looks again after a while where the page does not follow by itself.

const dark = () => {
  const theme = document.documentElement.dataset.theme
  return theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
}

let script
/** The processor's script, loaded once. */
function load(address) {
  script ??= new Promise((resolve, reject) => {
    const element = document.createElement('script')
    element.src = address
    element.onload = () => (window.Stripe ? resolve(window.Stripe) : reject(new Error('no Stripe')))
    element.onerror = () => reject(new Error('not loaded'))
    document.head.append(element)
  })
  return script
}

class Refused extends Error {}

/** What a refusal of the server's says: the JSON of an AppError. */
function words(error) {
  if (typeof error?.Refused === 'string') return error.Refused
  if (error?.Invalid) return Object.values(error.Invalid).join(' ')
  if (error?.Forbidden) return `Your role does not permit this: ${error.Forbidden}.`
  return 'Something went wrong on our side. Nothing was charged. Try again in a moment.'
}

class Card extends HTMLElement {
  connectedCallback() {
    // Only the document that this page came with permits the processor's frames.
    if (this.dataset.served === undefined) return location.reload()
    this.form = this.closest('form')
    this.button = this.form.querySelector('button[type=submit]')
    this.errors = this.form.querySelector('[data-error]')
    this.form.addEventListener('submit', (this.listens = (event) => void this.submitted(event)))
    void this.show()
  }

  disconnectedCallback() {
    this.form?.removeEventListener('submit', this.listens)
    this.element?.destroy()
  }

  /** Shows the processor's fields. */
  async show() {
    const { script, key, locale, kind, amount, currency } = this.dataset
    const place = document.createElement('div')
    try {
      const Stripe = await load(script)
      this.stripe = Stripe(key, { locale })
      const what = kind === 'setup' ? { mode: 'setup', currency } : { mode: 'payment', amount: Number(amount), currency }
      this.elements = this.stripe.elements({ ...what, locale, appearance: { theme: dark() ? 'night' : 'stripe' } })
      this.element = this.elements.create('payment')
      this.element.on('ready', () => this.setAttribute('data-ready', ''))
      this.element.on('loaderror', () => this.say('The card fields cannot be loaded. Reload the page.'))
      this.append(place)
      this.element.mount(place)
    } catch {
      this.say('The payment service cannot be reached. Check your connection, then reload the page.')
    }
  }

  say(text) {
    this.errors.textContent = text
  }

  /** While something is on its way, nothing is sent twice. */
  wait(waits) {
    this.waits = waits
    this.button.disabled = waits
    this.form.setAttribute('aria-busy', String(waits))
  }

  async submitted(event) {
    const fields = Object.fromEntries(new FormData(this.form))
    if (this.waits) return event.preventDefault()
    // A saved card: the browser posts the form by itself.
    if (fields.method !== 'new') return setTimeout(() => this.wait(true))
    event.preventDefault()
    if (!this.elements) return
    this.say('')
    this.wait(true)
    try {
      await this.pay(fields)
    } catch (error) {
      this.say(error instanceof Refused ? error.message : 'The server cannot be reached. Nothing is paid twice: try again.')
    }
    this.wait(false)
  }

  async pay(fields) {
    const typed = await this.elements.submit()
    if (typed.error) return this.say(typed.error.message)
    this.started ??= await this.ask(this.dataset.begin, fields)
    const { client_secret: clientSecret, go, save } = this.started
    // Paid already, or called off, in another tab.
    if (!clientSecret) return this.leave(go)
    // From now on it is as it was begun.
    this.form.querySelector('.pay-save')?.setAttribute('hidden', '')
    const confirmation = { elements: this.elements, clientSecret, confirmParams: { return_url: new URL(go, location.origin).href } }
    const isSetup = this.dataset.kind === 'setup'
    if (!isSetup && save) {
      this.elements.update({ setupFutureUsage: 'off_session' })
      await this.elements.submit()
    }
    const { error } = isSetup ? await this.stripe.confirmSetup(confirmation) : await this.stripe.confirmPayment(confirmation)
    if (!error) return this.leave(go)
    this.say(error.message ?? 'This did not work. Try again.')
    if (isSetup || error.type === 'validation_error') return
    // What it means for the payment, and what to do, the server knows; it asks the processor itself.
    const told = await this.ask(this.dataset.returned, { payment: this.started.payment })
    if (told.over) return this.leave(go)
    this.say(told.now[1])
  }

  /** Leaves the page, and never comes back to what waits for it. */
  leave(go) {
    location.assign(go)
    return new Promise(() => {})
  }

  async ask(to, fields) {
    const answer = await fetch(to, { method: 'POST', headers: { accept: 'application/json' }, body: new URLSearchParams(fields) })
    if (answer.status === 401) {
      const back = this.started?.resume ?? location.pathname + location.search
      return this.leave(`/sign-in?next=${encodeURIComponent(back)}`)
    }
    const body = await answer.json().catch(() => undefined)
    if (!answer.ok) throw new Refused(words(body))
    return body
  }
}

class Follow extends HTMLElement {
  connectedCallback() {
    if (this.dataset.go) return location.replace(this.dataset.go)
    const followed = () => document.documentElement.hasAttribute('data-hydrated')
    this.timer = setInterval(() => followed() || location.reload(), 2000)
  }

  disconnectedCallback() {
    clearInterval(this.timer)
  }
}

customElements.define('tandem-card', Card)
customElements.define('tandem-follow', Follow)
