// Stands for https://js.stripe.com/v3/ in tests and demonstrations: the parts of Stripe.js that Tandem uses, with Stripe's
// names, arguments, results and errors (docs.stripe.com/js). No card data pass through this script: they are typed into a
// frame of the stand-in's origin and go from there to the stand-in.
(() => {
  "use strict";

  const origin = new URL(document.currentScript.src).origin;

  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
    }
  }

  const never = () => new Promise(() => {});
  const INTENT = { payment_intent: "paymentIntent", setup_intent: "setupIntent" };

  /** A frame of the stand-in's, and calls to it. */
  class Frame {
    constructor(page, key, title, theme) {
      this.waiting = new Map();
      this.listeners = new Map();
      this.next = 0;
      const about = new URLSearchParams({ origin: location.origin, key, theme: theme ?? "stripe" });
      this.frame = document.createElement("iframe");
      this.frame.src = `${origin}/v3/${page}#${about}`;
      this.frame.title = title;
      this.frame.setAttribute("allow", "payment *");
      this.ready = new Promise((resolve) => this.on("ready", resolve));
      this.hear = (event) => {
        const message = event.data;
        if (event.origin !== origin || event.source !== this.frame.contentWindow || message?.sim !== "tandem") return;
        if ("reply" in message) {
          this.waiting.get(message.reply)?.(message.value);
          this.waiting.delete(message.reply);
        } else {
          (this.listeners.get(message.event) ?? []).forEach((listener) => listener(message));
        }
      };
      window.addEventListener("message", this.hear);
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }

    async call(call, args) {
      await this.ready;
      const id = ++this.next;
      return new Promise((resolve) => {
        this.waiting.set(id, resolve);
        this.frame.contentWindow.postMessage({ sim: "tandem", id, call, args }, origin);
      });
    }

    remove() {
      window.removeEventListener("message", this.hear);
      this.frame.remove();
    }
  }

  /** `redirect_status` as Stripe says it. */
  function redirectStatus(intent) {
    if (intent.status === "succeeded") return "succeeded";
    return intent.status === "requires_payment_method" || intent.status === "canceled" ? "failed" : "pending";
  }

  /** The address to come back to, with what Stripe adds to it. */
  function comingBack(returnUrl, intent) {
    const url = new URL(returnUrl);
    url.searchParams.set(intent.object, intent.id);
    url.searchParams.set(`${intent.object}_client_secret`, intent.client_secret);
    url.searchParams.set("redirect_status", redirectStatus(intent));
    return url.href;
  }

  /** The bank's page over the merchant's, until the customer has answered. */
  function overlay(address) {
    return new Promise((resolve) => {
      const shade = document.createElement("div");
      const frame = document.createElement("iframe");
      shade.setAttribute("role", "dialog");
      shade.setAttribute("aria-modal", "true");
      shade.setAttribute("aria-label", "Authentication by your bank");
      Object.assign(shade.style, {
        position: "fixed", inset: "0", zIndex: "2147483647", background: "rgb(10 20 40 / 60%)", display: "grid", placeItems: "center",
      });
      Object.assign(frame.style, {
        width: "min(28rem, 100%)", height: "min(44rem, 100%)", border: "0", borderRadius: "12px", background: "Canvas",
      });
      frame.title = "Authentication by your bank";
      frame.src = `${address}?frame=1`;
      const before = document.activeElement;
      const hear = (event) => {
        if (event.origin !== origin || event.source !== frame.contentWindow || event.data?.event !== "bank") return;
        window.removeEventListener("message", hear);
        shade.remove();
        before?.focus?.();
        resolve();
      };
      window.addEventListener("message", hear);
      shade.append(frame);
      document.body.append(shade);
      frame.focus();
    });
  }

  /** The payment form. */
  class PaymentElement {
    constructor(key, elements, options) {
      this.elements = elements;
      this.options = options ?? {};
      this.listeners = new Map();
      this.key = key;
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
      return this;
    }

    once(event, listener) {
      const first = (value) => {
        this.off(event, first);
        listener(value);
      };
      return this.on(event, first);
    }

    off(event, listener) {
      const left = listener ? (this.listeners.get(event) ?? []).filter((other) => other !== listener) : [];
      this.listeners.set(event, left);
      return this;
    }

    emit(event, value) {
      (this.listeners.get(event) ?? []).forEach((listener) => listener({ elementType: "payment", ...value }));
    }

    mount(where) {
      const place = typeof where === "string" ? document.querySelector(where) : where;
      if (!place) throw new IntegrationError(`The selector you specified (${where}) applies to no DOM elements that are currently on the page. Make sure the element exists on the page before calling mount().`);
      if (this.frame && this.frame.frame.parentElement === place) return;
      this.unmount();
      this.frame = new Frame("card", this.key, "Secure payment input frame", this.elements.options.appearance?.theme);
      Object.assign(this.frame.frame.style, { width: "100%", height: "230px", border: "0", display: "block" });
      this.scheme();
      this.frame.on("height", ({ height }) => (this.frame.frame.style.height = `${Math.min(Math.max(Number(height) || 0, 120), 2000)}px`));
      this.frame.on("change", ({ change }) => this.emit("change", change));
      for (const event of ["focus", "blur", "escape"]) this.frame.on(event, () => this.emit(event));
      this.frame.on("ready", () => {
        this.frame.call("appearance", { appearance: this.elements.options.appearance, readOnly: this.options.readOnly });
        this.emit("ready");
      });
      this.emit("loaderstart");
      place.replaceChildren(this.frame.frame);
    }

    /** A frame shows the page behind it only if both have one colour scheme. */
    scheme() {
      if (this.frame) this.frame.frame.style.colorScheme = this.elements.options.appearance?.theme === "night" ? "dark" : "light";
    }

    unmount() {
      this.frame?.remove();
      this.frame = undefined;
    }

    destroy() {
      this.unmount();
      this.elements.element = undefined;
    }

    update(options) {
      Object.assign(this.options, options);
      this.frame?.call("appearance", { readOnly: this.options.readOnly });
    }

    focus() {
      this.frame?.call("focus");
    }

    blur() {
      this.frame?.call("blur");
    }

    clear() {
      this.frame?.call("clear");
    }

    collapse() {}

    /** Its frame, or an error for the programmer. */
    mounted() {
      if (!this.frame) throw new IntegrationError("elements should have a mounted Payment Element");
      return this.frame;
    }
  }

  class Elements {
    constructor(key, options) {
      this.key = key;
      this.options = { ...options };
    }

    create(type, options) {
      if (type !== "payment") throw new IntegrationError(`The stand-in for Stripe.js has no Element of type ${type}; it has “payment”.`);
      if (this.element) throw new IntegrationError("Can only create one Element of type payment through the same Elements instance.");
      this.element = new PaymentElement(this.key, this, options);
      return this.element;
    }

    getElement(type) {
      return type === "payment" ? this.element ?? null : null;
    }

    update(options) {
      Object.assign(this.options, options);
      this.element?.scheme();
      this.element?.frame?.call("appearance", { appearance: this.options.appearance });
    }

    fetchUpdates() {
      return Promise.resolve({});
    }

    async submit() {
      if (!this.element) throw new IntegrationError("elements should have a mounted Payment Element");
      const { error } = await this.element.mounted().call("validate");
      return error ? { error } : { selectedPaymentMethod: "card" };
    }
  }

  class StripeSim {
    constructor(key, options) {
      this.key = key;
      this.options = options ?? {};
    }

    elements(options) {
      return new Elements(this.key, options);
    }

    /** The hidden frame, made when it is first needed. */
    controller() {
      if (!this.hidden) {
        this.hidden = new Frame("controller", this.key, "Payment controller frame");
        this.hidden.frame.hidden = true;
        this.hidden.frame.setAttribute("aria-hidden", "true");
        this.hidden.frame.tabIndex = -1;
        document.body.append(this.hidden.frame);
      }
      return this.hidden;
    }

    async retrieve(kind, clientSecret) {
      const prefix = kind === "payment_intent" ? "pi_" : "seti_";
      if (!String(clientSecret).startsWith(prefix) || !String(clientSecret).includes("_secret_")) {
        throw new IntegrationError(`Invalid value for stripe.retrieve${kind === "payment_intent" ? "PaymentIntent" : "SetupIntent"} intent secret: value should be a client secret of the form ${prefix}…_secret_….`);
      }
      const { value, error } = await this.controller().call("retrieve", { clientSecret });
      return error ? { error } : { [INTENT[kind]]: value };
    }

    retrievePaymentIntent(clientSecret) {
      return this.retrieve("payment_intent", clientSecret);
    }

    retrieveSetupIntent(clientSecret) {
      return this.retrieve("setup_intent", clientSecret);
    }

    /** What comes after a confirmation, or after the customer was asked. */
    async goOn(kind, intent, returnUrl) {
      if (intent.status === "requires_action" && intent.next_action?.type === "redirect_to_url") {
        location.assign(intent.next_action.redirect_to_url.url);
        return never();
      }
      if (intent.status === "requires_action" && intent.next_action?.type === "use_stripe_sdk") {
        await overlay(intent.next_action.use_stripe_sdk.stripe_js);
        const after = await this.retrieve(kind, intent.client_secret);
        if (after.error) return after;
        return this.outcome(kind, after[INTENT[kind]], returnUrl);
      }
      return this.outcome(kind, intent, returnUrl);
    }

    outcome(kind, intent, returnUrl) {
      const last = kind === "payment_intent" ? intent.last_payment_error : intent.last_setup_error;
      if (intent.status === "requires_payment_method" && last) return { error: { ...last, [kind]: intent } };
      if (returnUrl) {
        location.assign(comingBack(returnUrl, intent));
        return never();
      }
      return { [INTENT[kind]]: intent };
    }

    async confirm(kind, name, { elements, clientSecret, confirmParams, redirect }) {
      const params = confirmParams ?? {};
      const always = (redirect ?? "always") === "always";
      if (always && !params.return_url) {
        throw new IntegrationError(`Invalid value for stripe.${name}(): confirmParams.return_url is required unless redirect is “if_required”.`);
      }
      const secret = clientSecret ?? elements?.options.clientSecret;
      if (!secret) throw new IntegrationError(`Invalid value for stripe.${name}(): clientSecret should be a client secret.`);
      const fields = {};
      if (typeof params.payment_method === "string") fields.payment_method = params.payment_method;
      if (params.receipt_email) fields.receipt_email = params.receipt_email;
      const args = { clientSecret: secret, returnUrl: params.return_url, byScript: !always, fields, billing: params.payment_method_data?.billing_details };
      const useForm = elements && !fields.payment_method;
      if (useForm && !elements.element) throw new IntegrationError("elements should have a mounted Payment Element");
      const frame = useForm ? elements.element.mounted() : this.controller();
      const { value, error } = await frame.call("confirm", args);
      if (error) return { error };
      return this.goOn(kind, value, always ? params.return_url : undefined);
    }

    confirmPayment(options) {
      return this.confirm("payment_intent", "confirmPayment", options);
    }

    confirmSetup(options) {
      return this.confirm("setup_intent", "confirmSetup", options);
    }

    /** With a saved card: `confirmCardPayment(secret, { payment_method: "pm_…" })`. */
    confirmCardPayment(clientSecret, data) {
      const confirmParams = { payment_method: data?.payment_method, return_url: data?.return_url };
      return this.confirm("payment_intent", "confirmCardPayment", { clientSecret, confirmParams, redirect: "if_required" });
    }

    confirmCardSetup(clientSecret, data) {
      const confirmParams = { payment_method: data?.payment_method, return_url: data?.return_url };
      return this.confirm("setup_intent", "confirmCardSetup", { clientSecret, confirmParams, redirect: "if_required" });
    }

    async handleNextAction({ clientSecret }) {
      const kind = String(clientSecret).startsWith("seti_") ? "setup_intent" : "payment_intent";
      const found = await this.retrieve(kind, clientSecret);
      return found.error ? found : this.goOn(kind, found[INTENT[kind]], undefined);
    }

    async createPaymentMethod({ elements, params }) {
      if (!elements?.element) throw new IntegrationError("elements should have a mounted Payment Element");
      const { value, error } = await elements.element.mounted().call("createPaymentMethod", { billing: params?.billing_details });
      return error ? { error } : { paymentMethod: value };
    }
  }

  window.Stripe = function Stripe(key, options) {
    if (typeof key !== "string" || !key.startsWith("pk_")) {
      throw new IntegrationError("Invalid value for Stripe(): apiKey should be a publishable key (pk_…). You should not use your secret key with Stripe.js.");
    }
    return new StripeSim(key, options);
  };
  window.Stripe.version = 3;
})();
