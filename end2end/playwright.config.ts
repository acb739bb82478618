// How the browser tests run: Debian's Chromium, every walk once with WebAssembly and once without.
//
// Files in tests/ that end in `.wasm.spec.ts` are about what WebAssembly adds (filter as you type, keys, undo in place)
// and run with it alone; all others run twice.

import { cpus } from 'node:os'
import { defineConfig } from '@playwright/test'
import { HEADLESS, QUIET } from './support/chromium.mjs'
import type { Options } from './support/test.ts'

export default defineConfig<Options>({
  testDir: 'tests',
  outputDir: 'results',
  // A third of the tests are calls, which mostly wait for sound.
  workers: cpus().length + 1,
  forbidOnly: Boolean(process.env.CI),
  // A test that fails now and then is a fault to be found, not to be run again.
  retries: 0,
  // What is waited for comes within moments; these say when it is taken for lost, on a machine that has much else to do.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['./support/closing-lines.ts']],
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/Brussels',
    viewport: { width: 1280, height: 900 },
    actionTimeout: 20_000,
    navigationTimeout: 40_000,
    // Colours are judged when they have arrived, not on their way.
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: { executablePath: HEADLESS, args: QUIET },
  },
  projects: [
    { name: 'with WebAssembly', use: { wasm: true } },
    { name: 'without WebAssembly', use: { wasm: false }, testIgnore: '*.wasm.spec.ts' },
  ],
})
