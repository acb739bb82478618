// Adam in a browser supervises a call between a phone on Mary's desk and John's browser: at every moment each of them hears who may
// be heard there, and nobody else (PRODUCT §1).

import type { Page } from '@playwright/test'
import { BrowserEar } from '../support/browser-ear.ts'
import { DeskPhone, NOBODY } from '../support/desk-phone.ts'
import { bar, consoleOf, everyChange, isIn, ofJohn } from '../support/supervising.ts'
import { hears, is, nobodyTalks, press, telephoning } from '../support/telephones.ts'
import { expect, visit } from '../support/test.ts'

/** Apart enough for a frame of 20 ms, and none is a difference of others. */
const [JOHN, MARY, ADAM] = [1850, 2500, 1400]

/** So many packets may be on their way, or in a phone's buffer. */
const UNDERWAY = 10

/** Mary (702) has a phone on her desk. */
const test = telephoning.extend<{ mary: DeskPhone }>({
  mary: async ({ tandem }, use) => {
    const mary = await DeskPhone.of(tandem, 'abc702', MARY)
    await use(mary)
    await mary.end()
  },
})

/** Keeps the page's connections, which are asked what they sent. */
async function keepConnections(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const connections: RTCPeerConnection[] = []
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration)
        connections.push(this)
      }
    }
    Object.assign(window, { connections })
  })
}

/** How many packets of sound the page's call has sent. */
function packetsSent(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { connections } = window as unknown as { connections: RTCPeerConnection[] }
    const reports = await Promise.all(connections.map((connection) => connection.getStats()))
    const sent = reports.flatMap((report) => [...report.values()]).filter((one) => one.type === 'outbound-rtp')
    return sent.reduce((sum, one) => sum + one.packetsSent, 0)
  })
}

test('a desk and a browser hear a manager as each mode says, whatever changes it, without a break', async ({
  telephones,
  mary,
}) => {
  const john = await telephones.browser('john', JOHN)
  await keepConnections(john)
  await visit(john, '/self-care/phone')
  await expect(john.getByText(/^Ready: extension/)).toBeVisible()
  await mary.does('dial 744')
  await is(john, 'Incoming call')
  await press(john, 'Answer')
  await mary.does('talks')
  await mary.does(`hears ${JOHN}`)
  const adam = await consoleOf(telephones, 'adam', ADAM)
  await mary.mark('whole')
  const before = await packetsSent(john)
  await ofJohn(adam).getByRole('button', { name: 'Spy on John' }).click()
  await isIn(adam, 'Spy')
  for (const hertz of [JOHN, MARY]) await hears(adam, hertz)
  await mary.heardExactly('whole', [JOHN], [MARY, ADAM])

  const both = [JOHN, MARY]
  const listeners = [
    { ear: mary, hears: { Spy: [JOHN], Whisper: [JOHN], 'Barge-in': [JOHN, ADAM] } },
    { ear: await BrowserEar.of(john), hears: { Spy: [MARY], Whisper: [MARY, ADAM], 'Barge-in': [MARY, ADAM] } },
    { ear: await BrowserEar.of(adam), hears: { Spy: both, Whisper: both, 'Barge-in': both } },
  ]
  await everyChange(adam, listeners, [JOHN, MARY, ADAM])

  await mary.mark('left')
  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
  await mary.heardExactly('left', [JOHN], [MARY, ADAM])
  // What joining, switching and leaving did to the call is nothing: each packet that the agent's browser sent was heard, a frame
  // each, and none is missing by the numbers that the exchange gave them.
  const sent = (await packetsSent(john)) - before
  const { frames } = await mary.isolation('whole', [JOHN], [NOBODY])
  expect(Math.abs(frames - sent), `${frames} frames were heard of ${sent} packets`).toBeLessThan(UNDERWAY + sent / 100)
  await mary.does('hangup')
  await nobodyTalks(john)
  expect(await mary.does('packets')).toMatch(/^\d{3,} 0$/)
})
