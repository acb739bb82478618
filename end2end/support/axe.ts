// Whether a page is accessible, as axe-core sees it: WCAG 2.2, levels A and AA, and a page's outline.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'
import type { AxeResults, RunOptions } from 'axe-core'

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const OPTIONS: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  rules: {
    'page-has-heading-one': { enabled: true },
    'landmark-one-main': { enabled: true },
    'heading-order': { enabled: true },
    region: { enabled: true },
  },
  resultTypes: ['violations'],
  // What is in frames is the payment processor's, or an e-mail's: no script of ours is in there to be asked.
  iframes: false,
}

/** What is wrong with the page as it is now: a line for each rule and element. */
export async function violations(page: Page): Promise<string[]> {
  // A list that waits for the server is dimmed for a moment: it is judged when it has come.
  await page.waitForFunction(() => document.querySelector('.list-rows[aria-busy]') === null)
  const there = await page.evaluate(() => 'axe' in window)
  if (!there) await page.evaluate(SOURCE)
  const results = await page.evaluate(
    (options) => (window as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(options),
    OPTIONS,
  )
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target.join(' ')}: ${failureSummary ?? ''}`),
  )
}
