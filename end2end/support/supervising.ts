// A manager at the console, in a call of John's: the console's parts, every change of the mode in every way, and who hears
// whom meanwhile, at every moment (PRODUCT §1).

import { type Page, expect } from '@playwright/test'
import { pressDocked, type Telephones } from './telephones.ts'
import { visit } from './test.ts'

export type Mode = 'Spy' | 'Whisper' | 'Barge-in'

/** The bar of one's own supervision. */
export function bar(page: Page) {
  return page.getByRole('region', { name: 'Your supervision' })
}

/** Waits until one supervises in this mode, which the bar says in a word and by its pressed button, and is there. */
export async function isIn(page: Page, mode: Mode, how: { timeout?: number } = {}): Promise<void> {
  await expect(bar(page).locator('.console-bar-mode strong')).toHaveText(mode, how)
  await expect(bar(page).locator('button[aria-pressed=true]').filter({ hasText: mode })).toBeVisible()
  await expect(bar(page)).toContainText(/hears? you\./)
}

/** The console of a manager whose browser is a phone that speaks with so many hertz. */
export async function consoleOf(telephones: Telephones, name: 'adam' | 'olivia', hertz: number): Promise<Page> {
  const page = await telephones.of(name, hertz)
  await visit(page, '/self-care/console')
  await expect(page.getByText('This browser is your phone')).toBeVisible()
  return page
}

/** The row of John's call. */
export function ofJohn(page: Page) {
  return page.locator('.console-call').filter({ hasText: 'John' })
}

/** The ways to change the mode, each with its key or digit. */
const WAYS: Record<string, (page: Page, mode: Mode) => Promise<void>> = {
  click: (page, mode) => bar(page).getByRole('button', { name: new RegExp(`^${mode}`) }).click(),
  key: (page, mode) => page.keyboard.press({ Spy: 's', Whisper: 'w', 'Barge-in': 'b' }[mode]),
  digit: (page, mode) => pressDocked(page, { Spy: '0', Whisper: '1', 'Barge-in': '2' }[mode]),
}

/** From spy: each of the six changes once. */
const ROUND: Mode[] = ['Whisper', 'Barge-in', 'Spy', 'Barge-in', 'Whisper', 'Spy']

/** How long each mode is listened to, in milliseconds. */
const STRETCH = 1_000

/** One voice stands so far above those that may not be heard, in dB. */
export const APART = 45

/** What hears, and keeps all of it: a phone on a desk, or a browser. */
export interface Ear {
  /** How many milliseconds after the console shows a mode it is heard here at the latest: what was said before is in a buffer. */
  readonly bound: number
  /** How far several voices stand above what is not among them, in dB: where they are mixed, the noise of codecs is heard too. */
  readonly mixed: number
  /** Calls this moment by a name without spaces. */
  mark(moment: string): Promise<void>
  /** Since that moment, `tones` stood so many dB above `others` in every frame. */
  heardExactly(moment: string, tones: number[], others: number[], apart?: number): Promise<void>
  /** Since that moment, each of these tones was heard without a break. */
  heardThroughout(moment: string, tones: number[]): Promise<void>
}

/** Somebody in the call: what there is to hear in which mode. */
export interface Listener {
  ear: Ear
  hears: Record<Mode, number[]>
}

/**
 * Goes from spy through every change of the mode, by click, by key and by digit. No frame is left out: until a change begins one
 * hears what the mode says and nothing else of `voices`; while it lasts, what one mode or the other says; and from the
 * moment that the console shows the new mode, or what is in the ear's buffer later, what that one says.
 */
export async function everyChange(adam: Page, listeners: Listener[], voices: number[]): Promise<void> {
  const all = (act: (listener: Listener) => Promise<void>) => Promise.all(listeners.map(act))
  const exactly = (ear: Ear, moment: string, tones: number[]) => {
    const others = voices.filter((voice) => !tones.includes(voice))
    return ear.heardExactly(moment, tones, others, tones.length > 1 ? ear.mixed : APART)
  }
  await isIn(adam, 'Spy')
  let [mode, stretch]: [Mode, string] = ['Spy', 'joined']
  await all(({ ear }) => ear.mark(stretch))
  for (const [way, go] of Object.entries(WAYS)) {
    for (const next of ROUND) {
      await adam.waitForTimeout(STRETCH)
      const change: string = `${mode}→${next},by-${way}`
      await all(async ({ ear, hears }) => {
        await exactly(ear, stretch, hears[mode])
        await ear.heardThroughout(stretch, hears[mode])
        await ear.mark(change)
      })
      await Promise.all([go(adam, next), all(({ ear }) => markIn(adam, next, ear, `after-${change}`))])
      await isIn(adam, next)
      await all(async ({ ear, hears }) => {
        await exactly(ear, change, [...new Set([...hears[mode], ...hears[next]])])
      })
      ;[mode, stretch] = [next, `after-${change}`]
    }
  }
}

/** Marks the moment from which on somebody hears a mode: when the console shows it, or what is in his buffer later. */
export async function markIn(page: Page, mode: Mode, ear: Ear, moment: string): Promise<void> {
  await shown(page, mode)
  await page.waitForTimeout(ear.bound)
  await ear.mark(moment)
}

/** Waits for the moment in which the console shows a mode. */
function shown(page: Page, mode: Mode): Promise<void> {
  return page.evaluate(
    (mode) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (document.querySelector('.console-bar-mode strong')?.textContent !== mode) return
          observer.disconnect()
          resolve()
        }
        const observer = new MutationObserver(look)
        observer.observe(document.body, { subtree: true, childList: true, characterData: true })
        look()
      }),
    mode,
  )
}
