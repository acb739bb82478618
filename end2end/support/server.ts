// A Tandem of one's own: the built program with demonstration data, on a free port and in a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MailServer } from './mail.ts'
import { leaveRecordings } from './recorded.ts'

/** The program: `cargo xtask build` makes it. */
const PROGRAM = process.env.TANDEM ?? fileURLToPath(new URL('../../target/debug/tandem', import.meta.url))

/** Without what names another phone: the program refuses a variable that it does not know. */
const { TANDEM_PHONE: _, ...ENVIRONMENT } = process.env

/** How long the program may take until it serves, on a busy machine, in milliseconds. */
const START_MAX = 30_000

/** What a server begins with, beside the demonstration's data. */
export interface Beginning {
  /** Scripted people call and answer. */
  callers?: boolean
  /** John has recordings. */
  recorded?: boolean
  /** Mary has begun to pay an invoice. */
  paying?: boolean
  /** E-mails are sent, to a mail server of its own. */
  mail?: boolean
}

/** A running `tandem demo`. */
export class Tandem {
  private constructor(
    private readonly folder: string,
    private readonly program: ChildProcess,
    private readonly lines: string[],
    /** Where its e-mails arrive, if they are sent. */
    readonly mail: MailServer | undefined,
  ) {}

  /** Starts the program and waits until it says that it is ready. */
  static async start({ callers = false, recorded = false, paying = false, mail = false }: Beginning = {}): Promise<Tandem> {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-browser-test-'))
    const mailServer = mail ? await MailServer.start() : undefined
    const tandem = await Tandem.startIn(folder, callers, mailServer)
    if (paying) await tandem.beginPayment()
    if (!recorded) return tandem
    // Only a running server tells who is who.
    const staff = await tandem.person('admin')
    const customer = await staff.idOf('/admin/customers', 'ABC')
    const [john, olivia] = [await staff.idOf('/admin/accounts?q=John', 'John'), await staff.idOf('/admin/accounts?q=Olivia', 'Olivia')]
    await tandem.end()
    const count = await leaveRecordings(folder, { customer, john, olivia })
    const again = await Tandem.startIn(folder, callers, mailServer)
    await again.hasRecordings(count)
    return again
  }

  private static async startIn(folder: string, callers: boolean, mail?: MailServer): Promise<Tandem> {
    // It chooses its ports itself: one that was looked for before could be another's by now, who would answer for it.
    const options = ['demo', '--http', '127.0.0.1:0', '--sip', '127.0.0.1:0', '--data', folder]
    const program = spawn(PROGRAM, callers ? options : [...options, '--no-callers'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
      env: mail === undefined ? ENVIRONMENT : { ...ENVIRONMENT, TANDEM_MAIL_SMTP: mail.address },
    })
    const lines: string[] = []
    for (const stream of [program.stdout, program.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => lines.push(text))
    }
    program.on('error', (error) => lines.push(`cannot be started: ${error.message}\n`))
    const tandem = new Tandem(folder, program, lines, mail)
    try {
      await tandem.ready()
    } catch (error) {
      await tandem.stop()
      throw error
    }
    return tandem
  }

  /** Everything that it logged so far. */
  log(): string {
    return this.lines.join('')
  }

  /** Where it serves: `http://127.0.0.1:PORT`. */
  get url(): string {
    return this.said(/Tandem is ready: (\S+)/)
  }

  /** Where phones register: `127.0.0.1:PORT`. */
  sip(): string {
    return this.said(/A phone registers at (\S+)/)
  }

  private said(what: RegExp): string {
    const found = what.exec(this.log())?.[1]
    if (found === undefined) throw new Error(`the program does not say ${what}:\n${this.log()}`)
    return found
  }

  /** Ends it as an operator would, and throws its data away. */
  async stop(): Promise<void> {
    await this.end()
    await this.mail?.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Asks it to end, and lets it take its time. */
  terminate(): void {
    this.program.kill('SIGTERM')
  }

  private async end(): Promise<void> {
    if (this.running()) {
      const ended = new Promise((resolve) => this.program.once('exit', resolve))
      this.program.kill('SIGTERM')
      const hurry = setTimeout(() => this.program.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(hurry)
    }
  }

  /** Pages as somebody gets them. */
  private async person(name: string) {
    const answer = await fetch(`${this.url}/api/sign_in`, {
      method: 'POST',
      headers: { accept: 'application/json', origin: this.url },
      body: new URLSearchParams({ name, password: 'tandem-demo' }),
    })
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    const page = async (path: string) => (await fetch(this.url + path, { headers: { cookie } })).text()
    const idOf = async (list: string, name: string) => {
      const links = (await page(list)).matchAll(/<a [^>]*href="[^"]*\/([0-9a-f-]{36})"[^>]*>(.*?)<\/a>/gs)
      const named = [...links].find(([, , words]) => words?.replaceAll(/<[^>]*>/g, '').includes(name))
      if (named?.[1] === undefined) throw new Error(`${list} does not link to ${name}`)
      return named[1]
    }
    const post = async (to: string, fields: Record<string, string>) => {
      const headers = { cookie, accept: 'application/json', origin: this.url }
      const answer = await fetch(this.url + to, { method: 'POST', headers, body: new URLSearchParams(fields) })
      if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`)
    }
    return { page, idOf, post }
  }

  private async beginPayment(): Promise<void> {
    const mary = await this.person('mary')
    const invoice = await mary.idOf('/self-care/invoices', 'INV-000004')
    await mary.post('/api/pay_begin', { invoice, token: 'begun by the tests' })
  }

  /** Waits until what was left behind is finished, and e-mailed. */
  private async hasRecordings(count: number): Promise<void> {
    const staff = await this.person('admin')
    const until = Date.now() + 3 * START_MAX
    while (Date.now() < until) {
      const [listed, sent] = [await staff.page('/admin/recordings'), await staff.page('/admin/mail?state=sent')]
      if (listed.includes(`${count} recordings`) && sent.includes(`${count} e-mails`)) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the recordings are not finished:\n${this.log()}`)
  }

  /** Whether the program still runs. */
  running(): boolean {
    return this.program.pid !== undefined && this.program.exitCode === null && this.program.signalCode === null
  }

  private async ready(): Promise<void> {
    const until = Date.now() + START_MAX
    while (Date.now() < until) {
      if (!this.running()) break
      // The last line that it says when it has begun.
      if (this.log().includes('Ctrl-C ends it')) {
        const answer = await fetch(`${this.url}/readyz`).catch(() => undefined)
        if (answer?.ok) return
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`${PROGRAM} does not serve:\n${this.log()}`)
  }
}
