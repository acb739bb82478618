// What every test has at hand: a Tandem of its file's own, and people who open a browser and sign in.
//
//   test('the administrator sees all customers', async ({ as }) => {
//     const admin = await as('admin')
//     await visit(admin, '/admin/customers')
//   })
//
// Tests of one file share a server, one after the other; a test must not rely on what another one changed. Every page that
// a test opens is watched: an error on the console, a script that the Content-Security-Policy stopped, or a panic of the
// WebAssembly fails the test.

import { basename } from 'node:path'
import { type BrowserContext, type Page, type Route, test as base, expect } from '@playwright/test'
import { Tandem } from './server.ts'
import { Watch } from './watch.ts'

export { expect }

/** The demonstration's people. */
export type Name = 'admin' | 'abc' | 'john' | 'adam' | 'mary' | 'olivia' | 'peter' | 'panda'

/** Everybody's password in the demonstration. */
export const PASSWORD = 'tandem-demo'

/** Whether a test that fails leaves a trace of every step: it costs an eighth more time. */
const TRACED = process.env.TRACE === '1'

/** For how long at most what a page asks of the server is kept on its way, in milliseconds; each time another while. */
const LATENCY = Number(process.env.LATENCY ?? 0)

/** What the projects of playwright.config.ts choose. */
export interface Options {
  /** Whether browsers can load the WebAssembly. */
  wasm: boolean
}

interface Fixtures {
  /** The server. */
  tandem: Tandem
  /** Opens a browser of its own, with nobody signed in. */
  open: () => Promise<Page>
  /** Opens a browser of its own, with this person signed in. */
  as: (name: string, password?: string) => Promise<Page>
}

interface WorkerFixtures {
  servers: Servers
}

/** The server of the file whose tests run now. */
class Servers {
  private file = ''
  private tandem: Tandem | undefined

  async for(file: string): Promise<Tandem> {
    if (this.tandem === undefined || this.file !== file) {
      await this.tandem?.stop()
      // Where nothing else is looked at, nobody calls: what changes by itself is in the way.
      const name = basename(file)
      this.tandem = await Tandem.start({
        callers: name.startsWith('live_calls') || name.startsWith('console'),
        recorded: name.startsWith('recordings') || name.startsWith('every_page'),
        paying: name.startsWith('every_page'),
        mail: name.startsWith('auto_payment'),
      })
      this.file = file
    }
    return this.tandem
  }

  async stop() {
    await this.tandem?.stop()
  }
}

export const test = base.extend<Options & Fixtures, WorkerFixtures>({
  wasm: [true, { option: true }],

  servers: [
    async ({}, use) => {
      const servers = new Servers()
      await use(servers)
      await servers.stop()
    },
    { scope: 'worker' },
  ],

  tandem: async ({ servers }, use, info) => {
    const tandem = await servers.for(info.file)
    const before = tandem.log().length
    await use(tandem)
    if (info.status !== info.expectedStatus) {
      const log = tandem.log().slice(before)
      await info.attach('server log', { body: log, contentType: 'text/plain' })
      console.log(`The server's log during “${info.title}”:\n${log}`)
    }
  },

  open: async ({ browser, tandem, wasm, contextOptions, locale, timezoneId, viewport }, use, info) => {
    const contexts: BrowserContext[] = []
    const watch = new Watch(wasm)
    await use(async () => {
      const context = await browser.newContext({ ...contextOptions, baseURL: tandem.url, locale, timezoneId, viewport })
      contexts.push(context)
      if (TRACED) await context.tracing.start({ snapshots: true, title: `${info.title} (${contexts.length})` })
      if (!wasm) await context.route('**/*.wasm', (route) => route.abort())
      if (LATENCY > 0) await context.route('**/api/**', slowly)
      context.on('page', (page) => watch.over(page))
      return context.newPage()
    })
    const failed = info.status !== info.expectedStatus || watch.complaints.length > 0
    for (const [i, context] of contexts.entries()) {
      if (failed) {
        for (const [j, page] of context.pages().entries()) {
          const path = info.outputPath(`browser-${i + 1}-page-${j + 1}.png`)
          await page.screenshot({ path, fullPage: true }).catch(() => undefined)
        }
      }
      if (TRACED) await context.tracing.stop(failed ? { path: info.outputPath(`browser-${i + 1}-trace.zip`) } : {})
      await context.close()
    }
    expect(watch.complaints, 'what the browsers complained about').toEqual([])
  },

  as: async ({ open, tandem }, use) => {
    await use(async (name, password = PASSWORD) => {
      const page = await open()
      const answer = await page.request.post('/api/sign_in', {
        form: { name, password },
        headers: { accept: 'application/json', origin: tandem.url },
      })
      expect(answer.ok(), `${name} signs in: ${await answer.text()}`).toBe(true)
      return page
    })
  },
})

/** Lets a request go on after a while, as a far network would. */
async function slowly(route: Route): Promise<void> {
  await new Promise((on) => setTimeout(on, Math.random() * LATENCY))
  // The page may be gone by now.
  await route.continue().catch(() => undefined)
}

/** Whether this run's browsers load the WebAssembly. */
export function withWasm(): boolean {
  return (test.info().project.use as Partial<Options>).wasm !== false
}

/** Opens a page of Tandem, and waits until it can be used to the full. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await usable(page)
}

/** Waits until the browser has taken the page over, where it can. */
export async function usable(page: Page): Promise<void> {
  if (withWasm()) await page.locator('html[data-hydrated]').waitFor({ state: 'attached' })
}

/** Waits for a toast with these words. */
export async function told(page: Page, words: string | RegExp): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: words })).toBeVisible()
}

/** Waits until the page shows what has come: within frames. */
export async function rendered(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on))))
}

/** Waits until what was sent has been answered, and what is shown is what it made. */
export async function answered(page: Page): Promise<void> {
  if (withWasm()) await expect(page.locator('form[aria-busy=true]')).toHaveCount(0)
  else await usable(page)
}
