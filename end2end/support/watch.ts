// Listens to what browsers complain about: errors and warnings on the console, uncaught exceptions, requests that another
// host was asked for.

import type { ConsoleMessage, Page } from '@playwright/test'

export class Watch {
  /** What was complained about so far. */
  readonly complaints: string[] = []

  /** `wasm`: whether the pages can load their WebAssembly; where not, that alone is no complaint. */
  constructor(private readonly wasm: boolean) {}

  over(page: Page) {
    page.on('console', (message) => {
      if (isComplaint(message) && !this.expected(message.text(), message.location().url)) {
        this.complaints.push(`${page.url()}: console.${message.type()}: ${message.text()} (${message.location().url})`)
      }
    })
    page.on('pageerror', (error) => {
      if (!this.expected(error.message, '')) this.complaints.push(`${page.url()}: uncaught: ${error.stack ?? error.message}`)
    })
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && hostname !== '127.0.0.1') {
        this.complaints.push(`${page.url()}: asked another host: ${request.url()}`)
      }
    })
  }

  private expected(text: string, url: string): boolean {
    // Chromium reports every refused request on the console. A refusal is an answer; the tests look at what it says.
    const refusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(text)
    const blocked =
      !this.wasm &&
      (url.endsWith('.wasm') || /Failed to fetch|net::ERR_FAILED|was preloaded using link preload/.test(text))
    // Playwright's own scripts want into every frame; an e-mail's lets none run, theirs neither.
    const sandboxed = /^Blocked script execution in '[^']*\/mail\/[0-9a-f-]+\.html'/.test(text)
    // Only a test that cuts the network has none.
    const cut = text.includes('net::ERR_INTERNET_DISCONNECTED')
    return refusal || blocked || sandboxed || cut
  }
}

function isComplaint(message: ConsoleMessage): boolean {
  return message.type() === 'error' || message.type() === 'warning'
}
