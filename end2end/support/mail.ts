// A mail server for the browser tests: that of the Rust tests, which keeps what it takes.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The Python that has aiosmtpd (Debian's python3-aiosmtpd). */
const PYTHON = '/usr/bin/python3'
const SINK = fileURLToPath(new URL('../../crates/mail/tests/sink.py', import.meta.url))

/** A letter as it came over SMTP. */
export interface Letter {
  to: string[]
  subject: string
  text: string
}

/** What the mail server makes of a message. */
interface Taken {
  to: string[]
  headers: [string, string][]
  parts: { type: string; text?: string | null }[]
}

/** A running mail server. */
export class MailServer {
  private constructor(
    /** How Tandem is told of it. */
    readonly address: string,
    private readonly folder: string,
    private readonly program: ChildProcess,
  ) {}

  /** Starts it, and waits until it listens. */
  static async start(): Promise<MailServer> {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-mail-'))
    const program = spawn(PYTHON, [SINK, folder, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const port = await new Promise<string>((resolve, reject) => {
      let said = ''
      program.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const ready = /ready (\d+)/.exec(said)?.[1]
        if (ready !== undefined) resolve(ready)
      })
      program.once('error', reject)
      program.once('exit', (code) => reject(new Error(`the mail server ends with ${code}: ${said}`)))
    })
    return new MailServer(`smtp://127.0.0.1:${port}?tls=none`, folder, program)
  }

  /** What it took, in order, of which the subject is so. */
  async letters(subject: RegExp): Promise<Letter[]> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.json')).sort()
    const letters = await Promise.all(names.map(async (name) => letter(await readFile(join(this.folder, name), 'utf8'))))
    return letters.filter((letter) => subject.test(letter.subject))
  }

  async stop(): Promise<void> {
    this.program.kill('SIGKILL')
    await rm(this.folder, { recursive: true, force: true })
  }
}

function letter(json: string): Letter {
  const { to, headers, parts } = JSON.parse(json) as Taken
  const subject = headers.find(([name]) => name.toLowerCase() === 'subject')?.[1] ?? ''
  return { to, subject, text: parts.find(({ type }) => type === 'text/plain')?.text ?? '' }
}
