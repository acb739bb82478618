// Every page, as the people who have it: nothing that shuts somebody out, nothing that does not fit, nothing broken behind
// the scenes (that last one every test sees to, see support/watch.ts).

import type { Page } from '@playwright/test'
import { violations } from '../support/axe.ts'
import { addressOf, declaredRoutes, PAGES } from '../support/pages.ts'
import { expect, test, usable } from '../support/test.ts'

// These tests only look. All workers can do so at once.
test.describe.configure({ mode: 'parallel' })

/** What every page is looked at in. A theme stays on where none is named: no measure depends on it. */
const LOOKS = [
  { width: 360, themes: ['light'] },
  { width: 768, themes: [] },
  { width: 1280, themes: ['light', 'dark'] },
  { width: 1920, themes: [] },
] as const

test('the table of pages names every route, and no other', () => {
  expect([...new Set(PAGES.map((page) => page.route))].sort()).toEqual(declaredRoutes().sort())
})

for (const row of PAGES) {
  test(`${row.route} as ${row.who} is accessible in both themes and fits every screen`, async ({ as, open }) => {
    const page = row.who === 'nobody' ? await open() : await as(row.who)
    const address = await addressOf(row, page)
    const answer = await page.goto(address)
    expect(answer?.status()).toBe(200)
    await usable(page)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page).toHaveTitle(/\S+ · Tandem$/)

    for (const { width, themes } of LOOKS) {
      await page.setViewportSize({ width, height: 900 })
      expect.soft(await sticksOut(page), `at ${width} pixels`).toEqual([])
      for (const theme of themes) {
        await wear(page, theme)
        expect.soft(await violations(page), `${theme}, at ${width} pixels`).toEqual([])
      }
    }
  })
}

/**
 * Shows the page in a theme, and waits until its colours have arrived. One element's transition starts those within it; in
 * what is folded away they never end by themselves.
 */
async function wear(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.evaluate(async (theme) => {
    document.documentElement.setAttribute('data-theme', theme)
    const running = () => document.getAnimations().filter((one) => one instanceof CSSTransition)
    do {
      for (const transition of running()) transition.finish()
      await new Promise(requestAnimationFrame)
    } while (running().length > 0)
  }, theme)
}

/** The elements that make the page scroll sideways. */
function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement
    if (root.scrollWidth <= root.clientWidth) return []
    const scrolls = (element: Element | null): boolean =>
      element !== null && element !== document.body && (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement))
    const wide = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getBoundingClientRect().right > root.clientWidth + 0.5 && !scrolls(element.parentElement),
    )
    const names = wide.map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`)
    return names.length > 0 ? names : [`the page is ${root.scrollWidth} pixels wide`]
  })
}
