// How soon pages can be seen and used: run by `cargo xtask bench`.
//
//   node first_load.mjs URL VISITS NAME PASSWORD PATH…
//
// Prints a line for each visit: the path, the first contentful paint and the moment when the browser has taken the page
// over (`html[data-hydrated]`), in milliseconds since the navigation began. Each visit has a browser of its own, so that
// neither files nor compiled code are in its cache.

import { chromium } from 'playwright-core'

import { CHROMIUM, QUIET } from '../support/chromium.mjs'

const [url, visits, name, password, ...paths] = process.argv.slice(2)

/** Longest wait for a page, in milliseconds. */
const PATIENCE = 30_000

for (let visit = 0; visit < Number(visits); visit++) {
  for (const path of paths) {
    const { paint, interactive } = await measured(path)
    console.log(path, paint, interactive)
  }
}

async function measured(path) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET })
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    if (path !== '/sign-in') await signIn(context)
    await context.addInitScript(noteHydration)
    const page = await context.newPage()
    // The browser's own first start is not the page's.
    await page.goto('about:blank')
    await page.goto(url + path, { timeout: PATIENCE })
    await page.waitForFunction(() => window.hydratedAt !== undefined, undefined, { timeout: PATIENCE })
    return await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      interactive: window.hydratedAt,
    }))
  } finally {
    await browser.close()
  }
}

/** Runs in the page before anything else. */
function noteHydration() {
  new MutationObserver((_, observer) => {
    if (!document.documentElement?.hasAttribute('data-hydrated')) return
    window.hydratedAt = performance.now()
    observer.disconnect()
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-hydrated'] })
}

async function signIn(context) {
  const answer = await context.request.post(`${url}/api/sign_in`, {
    form: { name, password },
    headers: { accept: 'application/json', origin: url },
  })
  if (!answer.ok()) throw new Error(`${name} cannot sign in: ${await answer.text()}`)
}
