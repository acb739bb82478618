// Browsers that are telephones: each a Chromium of its own, whose microphone is a tone that nobody else has.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Browser, type Page, chromium } from '@playwright/test'
import { CHROMIUM, HEADLESS, MICROPHONE, QUIET, telephone } from './chromium.mjs'
import { expect, type Name, PASSWORD, test, visit } from './test.ts'
import type { Tandem } from './server.ts'
import { Watch } from './watch.ts'
import { tone } from './wav.mjs'

/** The stories of the phone itself are told in the whole browser: what is said there of permissions is its own. */
const inWhole = (file: string) => basename(file).startsWith('phone.')

/** The telephones of one test. */
export class Telephones {
  private readonly browsers: Browser[] = []
  private readonly watch = new Watch(true)
  private folder: string | undefined

  constructor(private readonly tandem: Tandem) {}

  /** A browser in which this person is signed in and the phone is ready; the microphone is a tone of so many hertz. */
  async of(name: Name, hertz: number): Promise<Page> {
    const page = await this.browser(name, hertz)
    await visit(page, '/self-care/phone')
    await expect(page.getByText(/^Ready: extension/)).toBeVisible()
    return page
  }

  /** The same, before the phone's page is opened. */
  async browser(name: Name, hertz: number, microphone: 'allowed' | 'denied' | 'missing' = 'allowed'): Promise<Page> {
    this.folder ??= await mkdtemp(join(tmpdir(), 'tandem-tones-'))
    const file = join(this.folder, `${hertz}.wav`)
    await writeFile(file, tone(hertz))
    const browser = await chromium.launch({
      executablePath: inWhole(test.info().file) ? CHROMIUM : HEADLESS,
      args: [
        ...(microphone === 'missing' ? QUIET : telephone(file)),
        microphone === 'denied' ? '--deny-permission-prompts' : MICROPHONE,
      ],
    })
    this.browsers.push(browser)
    const context = await browser.newContext({ baseURL: this.tandem.url, locale: 'en-GB', reducedMotion: 'reduce' })
    context.setDefaultTimeout(20_000)
    // A filter for noise takes a steady tone for noise.
    await context.addInitScript(() => {
      if (location.protocol !== 'about:') localStorage.setItem('phone-filters', 'off')
    })
    context.on('page', (page) => this.watch.over(page))
    const page = await context.newPage()
    const answer = await page.request.post('/api/sign_in', {
      form: { name, password: PASSWORD },
      headers: { accept: 'application/json', origin: this.tandem.url },
    })
    expect(answer.ok(), `${name} signs in`).toBe(true)
    return page
  }

  /** Puts the phones away. Complaints that are `expected` are none. */
  async end(expected: RegExp[] = []): Promise<void> {
    // Whose browser is only closed has a phone for a while longer, and his calls with it: the next test would find them.
    for (const page of this.browsers.flatMap((browser) => browser.contexts()).flatMap((context) => context.pages())) {
      const off = page.getByRole('button', { name: 'Switch off' })
      if (await off.isVisible().catch(() => false)) await off.click()
    }
    for (const browser of this.browsers) await browser.close()
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true })
    const complaints = this.watch.complaints.filter((words) => !expected.some((one) => one.test(words)))
    expect(complaints, 'what the browsers complained about').toEqual([])
  }
}

/** A test with browsers that are telephones. */
export const telephoning = test.extend<{ telephones: Telephones }>({
  telephones: async ({ tandem }, use) => {
    const telephones = new Telephones(tandem)
    await use(telephones)
    await telephones.end()
  },
})

/** What is heard where the page's calls are heard: the strength of each frequency, and the loudest sample of a while, in decibels. */
async function listen(page: Page): Promise<{ spectrum: number[]; width: number; peak: number } | undefined> {
  return page.evaluate(async () => {
    const audio = [...document.querySelectorAll<HTMLAudioElement>('audio[data-call]')].at(-1)
    if (!(audio?.srcObject instanceof MediaStream)) return undefined
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 8192
    analyser.smoothingTimeConstant = 0
    context.createMediaStreamSource(audio.srcObject).connect(analyser)
    await new Promise((resolve) => setTimeout(resolve, 400))
    const spectrum = new Float32Array(analyser.frequencyBinCount)
    analyser.getFloatFrequencyData(spectrum)
    const samples = new Float32Array(analyser.fftSize)
    analyser.getFloatTimeDomainData(samples)
    const width = context.sampleRate / analyser.fftSize
    await context.close()
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-10)
    return { spectrum: [...spectrum], width, peak: 20 * Math.log10(loudest) }
  })
}

/** How loud these tones are where the page's calls are heard, in decibels below the loudest possible. */
export async function levels(page: Page, tones: number[]): Promise<number[]> {
  const heard = await listen(page)
  if (heard === undefined) return tones.map(() => -200)
  return tones.map((hertz) => {
    const bin = Math.round(hertz / heard.width)
    return Math.max(-200, ...heard.spectrum.slice(bin - 2, bin + 3))
  })
}

/** How loud anything at all is there, in decibels below the loudest possible. */
export async function loudness(page: Page): Promise<number> {
  return (await listen(page))?.peak ?? -200
}

/** Waits until a page hears this tone, and not the other one. */
export async function hears(page: Page, hertz: number, not?: number): Promise<void> {
  const tones = not === undefined ? [hertz] : [hertz, not]
  await expect(async () => {
    const [wanted, other] = await levels(page, tones)
    expect(wanted, `how loud ${hertz} Hz is`).toBeGreaterThan(-50)
    if (other !== undefined) expect(other, `how loud ${not} Hz is`).toBeLessThan((wanted ?? 0) - 20)
  }).toPass({ timeout: 15_000 })
}

/** Waits until a page does not hear this tone any more. */
export async function hearsNot(page: Page, hertz: number): Promise<void> {
  await expect(async () => {
    const [level] = await levels(page, [hertz])
    expect(level, `how loud ${hertz} Hz is`).toBeLessThan(-65)
  }).toPass({ timeout: 15_000 })
}

/** Dials a number on the phone's page. */
export async function dial(page: Page, number: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Name or number' }).fill(number)
  await page.getByRole('button', { name: 'Call', exact: true }).click()
}

/** Nobody has a call any more. */
export async function nobodyTalks(...pages: Page[]): Promise<void> {
  for (const page of pages) await expect(page.getByText('No call at the moment.')).toBeVisible()
}

/** Presses a button of a call. */
export async function press(page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
}

/** Presses a key of the dial pad that is docked on a page which is not the phone's own. */
export async function pressDocked(page: Page, key: string): Promise<void> {
  const dock = page.getByRole('complementary', { name: 'Phone' })
  const pad = dock.locator('details').filter({ has: page.getByText('Keys', { exact: true }) })
  if ((await pad.getAttribute('open')) === null) await pad.getByText('Keys', { exact: true }).click()
  await dock.getByRole('button', { name: `Key ${key}`, exact: true }).click()
}

/** Waits until the call is in this state. */
export async function is(page: Page, state: string): Promise<void> {
  await expect(page.locator('.phone-call .badge').filter({ hasText: state, visible: true })).toBeVisible()
}

/** Waits until these tones have been heard since something was done, at whatever moment, where the page's calls are heard. */
export async function heardOf(page: Page, tones: number[], act: () => Promise<unknown>): Promise<void> {
  await page.evaluate((tones) => {
    const audio = [...document.querySelectorAll<HTMLAudioElement>('audio[data-call]')].at(-1)
    if (!(audio?.srcObject instanceof MediaStream)) throw new Error('no call is heard')
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 2048
    analyser.smoothingTimeConstant = 0
    context.createMediaStreamSource(audio.srcObject).connect(analyser)
    const spectrum = new Float32Array(analyser.frequencyBinCount)
    const loudest = tones.map(() => -200)
    setInterval(() => {
      analyser.getFloatFrequencyData(spectrum)
      tones.forEach((hertz, n) => {
        const bin = Math.round((hertz * analyser.fftSize) / context.sampleRate)
        loudest[n] = Math.max(loudest[n] ?? -200, ...spectrum.slice(bin - 1, bin + 2))
      })
    }, 10)
    Object.assign(window, { loudest })
  }, tones)
  await act()
  const quietest = () => page.evaluate(() => Math.min(...(window as unknown as { loudest: number[] }).loudest))
  await expect.poll(quietest, { message: `how loud ${tones.join(', ')} Hz were`, timeout: 15_000 }).toBeGreaterThan(-45)
}

/** From now on: for how long at most, in milliseconds, a tone was not heard where the page's calls are heard. */
export async function longestSilence(page: Page, hertz: number): Promise<() => Promise<number>> {
  await page.evaluate((hertz) => {
    const audio = [...document.querySelectorAll<HTMLAudioElement>('audio[data-call]')].at(-1)
    if (!(audio?.srcObject instanceof MediaStream)) throw new Error('no call is heard')
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 2048
    analyser.smoothingTimeConstant = 0
    context.createMediaStreamSource(audio.srcObject).connect(analyser)
    const spectrum = new Float32Array(analyser.frequencyBinCount)
    const bin = Math.round((hertz * analyser.fftSize) / context.sampleRate)
    const silence = { longest: 0 }
    let heard: number | undefined
    setInterval(() => {
      analyser.getFloatFrequencyData(spectrum)
      const now = context.currentTime * 1000
      if (Math.max(...spectrum.slice(bin - 1, bin + 2)) > -55) heard = now
      if (heard !== undefined) silence.longest = Math.max(silence.longest, now - heard)
    }, 10)
    Object.assign(window, { silence })
  }, hertz)
  return () => page.evaluate(() => (window as unknown as { silence: { longest: number } }).silence.longest)
}
