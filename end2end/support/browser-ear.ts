// What is heard where a page's call is heard, all of it, from one moment on.

import { type Page, expect } from '@playwright/test'
import { parted } from './parted.ts'
import { NOBODY } from './desk-phone.ts'
import { APART, type Ear } from './supervising.ts'

/** How long its buffer is at most, in milliseconds: the busier the machine the more a browser keeps of what is to be heard. */
const BOUND = 700
/** How far voices that are mixed stand above what is none of them: a browser tears them a little where they begin and end. */
const MIXED = 25
/** One frame in so many may be torn: a browser on a busy machine stretches what comes late. */
const TORN_SHARE = 5
/** What share of the time must be heard. */
const WHOLE = 0.9
/** How long a frame is, in milliseconds. */
const FRAME = 20

/** What is on its way from the network to here, in milliseconds. */
const LATE = 200

/** Chromium's own, which TypeScript does not know (W3C, MediaStreamTrack Insertable Media Processing). */
declare class MediaStreamTrackProcessor {
  constructor(of: { track: MediaStreamTrack })
  readonly readable: ReadableStream<AudioData>
}

/** What a page keeps: samples of 16 bits, and how many of them are a second. */
interface Hearing {
  heard: number[]
  rate: number
}

/** A browser's ear. */
export class BrowserEar implements Ear {
  /** Where moments are in what is heard, and when they were. */
  private readonly marked = new Map<string, { place: number; at: number }>()

  readonly bound = BOUND
  readonly mixed = MIXED

  private constructor(private readonly page: Page) {}

  /** Begins to listen to the page's call. */
  static async of(page: Page): Promise<BrowserEar> {
    await page.evaluate(async () => {
      const audio = [...document.querySelectorAll<HTMLAudioElement>('audio[data-call]')].at(-1)
      const track = audio?.srcObject instanceof MediaStream ? audio.srcObject.getAudioTracks()[0] : undefined
      if (track === undefined) throw new Error('no call is heard')
      // Every sample: an analyser has the last ones only, and a worklet would be a script that the page's policy does not let in.
      const { readable } = new MediaStreamTrackProcessor({ track })
      const hearing: Hearing = { heard: [], rate: 0 }
      Object.assign(window, { hearing })
      const reader = readable.getReader()
      const take = async () => {
        const { value } = await reader.read()
        if (value === undefined) return false
        const samples = new Float32Array(value.numberOfFrames)
        value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' })
        hearing.rate = value.sampleRate
        value.close()
        for (const sample of samples) hearing.heard.push(Math.round(sample * 32_767))
        return true
      }
      await take()
      void (async () => {
        while (await take()) continue
      })()
    })
    return new BrowserEar(page)
  }

  async mark(moment: string): Promise<void> {
    const place = await this.page.evaluate(() => (window as unknown as { hearing: Hearing }).hearing.heard.length)
    this.marked.set(moment, { place, at: Date.now() })
  }

  async heardExactly(moment: string, tones: number[], others: number[], apart = APART): Promise<void> {
    const { worst, frames, torn } = await this.isolation(moment, tones, others, apart)
    const asked = `${moment}: ${others.join(', ')} Hz are ${apart} dB below ${tones.join(', ')} Hz in a browser`
    expect(worst, asked).toBeGreaterThanOrEqual(apart)
    expect(torn * TORN_SHARE, `${moment}: torn frames of ${frames} in a browser`).toBeLessThanOrEqual(frames)
  }

  async heardThroughout(moment: string, tones: number[]): Promise<void> {
    for (const hertz of tones) {
      const time = Date.now() - (this.marked.get(moment)?.at ?? Number.NaN)
      const { frames } = await this.isolation(moment, [hertz], [NOBODY], 0)
      const heard = `${moment}: milliseconds of ${hertz} Hz in ${time} ms, in a browser`
      expect(frames * FRAME, heard).toBeGreaterThan(time * WHOLE - LATE)
    }
  }

  private async isolation(moment: string, tones: number[], others: number[], apart: number) {
    const place = this.marked.get(moment)?.place ?? Number.NaN
    const { heard, rate } = await this.page.evaluate((place) => {
      const { heard, rate } = (window as unknown as { hearing: Hearing }).hearing
      return { heard: heard.slice(place), rate }
    }, place)
    const found = parted(heard.map((sample) => sample / 32_768), rate, tones, others, apart)
    if (process.env.SHOW_ISOLATION !== undefined) console.log(`${moment} ${tones} / ${others} in a browser:`, found)
    return found
  }
}
