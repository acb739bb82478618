// A phone on somebody's desk: baresip, driven by `crates/phones/examples/phone.rs`.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from '@playwright/test'
import type { Tandem } from './server.ts'
import { APART, type Ear } from './supervising.ts'

/** The program: building the Rust tests makes it. */
const PROGRAM = process.env.TANDEM_PHONE ?? fileURLToPath(new URL('../../target/debug/examples/phone', import.meta.url))

/** A tone with which nobody speaks: beside it every frame of a voice is heard exactly. */
export const NOBODY = 3650
/** How long its buffer is at most, in milliseconds, with what the network and the program take. */
const BOUND = 300
/** How far voices that are mixed stand above what is none of them, in dB. */
const MIXED = 40
/** So many frames may be torn. */
const TORN_MAX = 10
/** What share of the time must be heard of everybody: a browser on a busy machine leaves out what it had no time to say. */
const WHOLE = 0.9
/** How long a frame is, in milliseconds. */
const FRAME = 20

/** A registered phone. */
export class DeskPhone implements Ear {
  /** When moments were marked. */
  private readonly marked = new Map<string, number>()

  readonly bound = BOUND
  readonly mixed = MIXED

  private constructor(
    private readonly program: ChildProcess,
    private readonly answers: AsyncIterator<string>,
  ) {}

  /** Registers as this SIP user; it speaks with a tone of so many hertz. */
  static async of(tandem: Tandem, user: string, hertz: number): Promise<DeskPhone> {
    const program = spawn(PROGRAM, [tandem.sip(), user, String(hertz)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: program.stdout })
    const phone = new DeskPhone(program, lines[Symbol.asyncIterator]())
    await phone.answer('registering')
    return phone
  }

  /** Hears these tones, and nothing of the others: they are 45 dB below at least, in every frame that is not torn. */
  async hearsExactly(tones: number[], others: number[]): Promise<void> {
    for (const hertz of tones) await this.does(`hears ${hertz}`)
    for (const hertz of others) await this.does(`silent ${hertz}`)
    await this.mark('exactly')
    await this.heardExactly('exactly', tones, others)
  }

  /** The same of all that it has heard since a moment that it was told to mark. Few frames may be torn, as they are where the machine is busy. */
  async heardExactly(mark: string, tones: number[], others: number[], asked = APART): Promise<void> {
    const { apart, ...how } = await this.isolation(mark, tones, others)
    const is = `${others.join(', ')} Hz are ${asked} dB below ${tones.join(', ')} Hz, and few frames are torn`
    // The program asks for 45 dB, and tells what is torn from what is heard by that.
    const holds = asked < APART ? how.worst >= asked && how.torn <= TORN_MAX : apart
    expect(holds, `${mark}: ${is}: ${JSON.stringify(how)}`).toBe(true)
  }

  /** Calls this moment by a name without spaces. */
  async mark(moment: string): Promise<void> {
    await this.does(`mark ${moment}`)
    this.marked.set(moment, Date.now())
  }

  /** Each of these tones was heard since a moment without a break: so many frames of it have arrived as there is time. */
  async heardThroughout(mark: string, tones: number[], whole = WHOLE): Promise<void> {
    for (const hertz of tones) {
      const time = Date.now() - (this.marked.get(mark) ?? Number.NaN)
      const { frames } = await this.isolation(mark, [hertz], [NOBODY])
      expect(frames * FRAME, `${mark}: milliseconds of ${hertz} Hz in ${time} ms`).toBeGreaterThan(time * whole - 2 * FRAME)
    }
  }

  /** How far tones stand above others in the worst frame since a moment, of how many frames, how many are torn, and whether that is far enough. */
  async isolation(mark: string, tones: number[], others: number[]): Promise<{ worst: number; frames: number; torn: number; apart: boolean }> {
    const found = await this.does(`isolated ${mark} ${tones.join(',')} ${others.join(',')}`)
    if (process.env.SHOW_ISOLATION !== undefined) console.log(`${mark} ${tones} / ${others}: ${found}`)
    const [worst = 0, frames = 0, torn = 0] = found.split(' ').map(Number)
    return { worst, frames, torn, apart: found.endsWith(' apart') }
  }

  /** Does something, or waits for something: see the program. Tells what was found. */
  async does(order: string): Promise<string> {
    this.program.stdin?.write(`${order}\n`)
    return this.answer(order)
  }

  private async answer(order: string): Promise<string> {
    const { value } = await this.answers.next()
    if (value === undefined) throw new Error(`the phone is gone at “${order}”`)
    if (!value.startsWith('ok')) throw new Error(`“${order}”: ${value}`)
    return value.slice(3)
  }

  /** Puts the phone away. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.program.once('exit', resolve))
    this.program.stdin?.end()
    await ended
  }
}
