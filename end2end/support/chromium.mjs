// How Chromium is started, by tests and by what `cargo xtask bench` runs alike.

import { existsSync } from 'node:fs'

/** The browser: Debian's, if no other is named. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

const SHELL = '/usr/bin/chromium-headless-shell'

/**
 * The same without the program around the pages (windows, permission prompts): for whatever looks at pages alone. It takes
 * half of the time.
 */
export const HEADLESS = process.env.CHROMIUM === undefined && existsSync(SHELL) ? SHELL : CHROMIUM

/** A browser that does nothing by itself. */
export const QUIET = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * A browser that is a telephone: its microphone plays this file over and over.
 *
 * @param {string} file
 */
export function telephone(file) {
  return [
    ...QUIET,
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-audio-capture=${file}`,
    '--allow-loopback-in-peer-connection',
    '--autoplay-policy=no-user-gesture-required',
  ]
}

/** Whoever asks for the microphone has it. */
export const MICROPHONE = '--use-fake-ui-for-media-stream'
