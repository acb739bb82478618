// What happens to a call of the browser when something else goes wrong: the network, the server, the page.

import type { Page, WebSocketRoute } from '@playwright/test'
import { Detour } from '../support/detour.ts'
import { Tandem } from '../support/server.ts'
import { dial, hears, hearsNot, is, longestSilence, nobodyTalks, press, Telephones, telephoning as test } from '../support/telephones.ts'
import { expect, PASSWORD, visit } from '../support/test.ts'

const [JOHN, MARY, ADAM] = [700, 1100, 1500]

/** John, whose browser was prepared, has called Mary, and they talk. */
async function talking(telephones: Telephones, john: Page): Promise<{ john: Page; mary: Page }> {
  const mary = await telephones.of('mary', MARY)
  await visit(john, '/self-care/phone')
  await expect(john.getByText(/^Ready: extension/)).toBeVisible()
  await dial(john, '702')
  await is(mary, 'Incoming call')
  await press(mary, 'Answer')
  await is(john, 'Connected')
  await hears(mary, JOHN)
  return { john, mary }
}

test('who is muted stays so when the page is loaded anew', async ({ telephones }) => {
  const { john, mary } = await talking(telephones, await telephones.browser('john', JOHN))
  await press(john, 'Mute')
  await hearsNot(mary, JOHN)
  await john.reload()
  await is(john, 'Muted')
  await hears(john, MARY)
  await hearsNot(mary, JOHN)
  await press(john, 'Unmute')
  await hears(mary, JOHN)
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('sound that has lost its way finds another one', async ({ telephones }) => {
  const page = await telephones.browser('john', JOHN)
  // The browser says of its connections that they are cut, for as long as ICE uses the names that it has.
  await page.addInitScript(() => {
    const state = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, 'iceConnectionState')
    const name = (one: RTCPeerConnection) => /a=ice-ufrag:(\S+)/.exec(one.localDescription?.sdp ?? '')?.[1]
    const names: (string | undefined)[] = []
    let cut: string | undefined
    Object.defineProperty(RTCPeerConnection.prototype, 'iceConnectionState', {
      get(this: RTCPeerConnection) {
        if (names.at(-1) !== name(this)) names.push(name(this))
        return cut !== undefined && cut === name(this) ? 'disconnected' : (state?.get?.call(this) as unknown)
      },
    })
    Object.assign(window, { cutNow: () => (cut = names.at(-1)), namesOfIce: () => names })
  })
  const { john, mary } = await talking(telephones, page)
  const names = () => john.evaluate(() => (window as unknown as { namesOfIce: () => string[] }).namesOfIce())
  const before = await names()
  await john.evaluate(() => (window as unknown as { cutNow: () => void }).cutNow())
  await expect.poll(async () => (await names()).length, { timeout: 15_000 }).toBeGreaterThan(before.length)
  await hears(mary, JOHN)
  await hears(john, MARY)
  await press(mary, 'Hang up')
  await nobodyTalks(john, mary)
})

test('a call goes on when the way of its sound is another one', async ({ telephones }) => {
  const page = await telephones.browser('john', JOHN)
  const detour = new Detour()
  try {
    const names: string[][] = [[], []]
    const note = (side: number, text: string) => names[side]?.push(...(/a=ice-ufrag:([^\\\s]+)/.exec(text)?.slice(1) ?? []))
    await page.routeWebSocket(/\/phone$/, (socket: WebSocketRoute) => {
      const server = socket.connectToServer()
      socket.onMessage((message) => {
        note(0, message.toString())
        server.send(detour.hide(message.toString()))
      })
      server.onMessage(async (message) => {
        note(1, message.toString())
        socket.send(await detour.lead(message.toString()))
      })
    })
    const { john, mary } = await talking(telephones, page)
    await hears(john, MARY)
    const [before, there] = names.map((list) => list.at(-1))
    // The network is gone, and with it the way that both ends know; what is described from now on goes by another one.
    detour.cut()
    await expect(john.getByText('The sound is cut. Another way is looked for.')).toBeAttached({ timeout: 30_000 })
    await hears(mary, JOHN)
    await hears(john, MARY)
    expect(names[0]?.at(-1), 'the browser began ICE anew').not.toBe(before)
    expect(names[1]?.at(-1), 'and so did the exchange').not.toBe(there)
    await is(john, 'Connected')
    await press(mary, 'Hang up')
    await nobodyTalks(john, mary)
  } finally {
    detour.end()
  }
})

/** A network that swallows the page's first stream, in both directions, as soon as it is `silent`; it counts the streams. */
async function swallowing(page: Page) {
  const network = { silent: false, streams: 0 }
  await page.routeWebSocket(/\/phone$/, (socket: WebSocketRoute) => {
    network.streams += 1
    const server = socket.connectToServer()
    const first = network.streams === 1
    socket.onMessage((message) => {
      if (!first || !network.silent) server.send(message)
    })
    server.onMessage((message) => {
      if (!first || !network.silent) socket.send(message)
    })
  })
  return network
}

test('a stream that says nothing any more is noticed, and the call goes on by another', async ({ telephones }) => {
  const page = await telephones.browser('john', JOHN)
  const network = await swallowing(page)
  const { john, mary } = await talking(telephones, page)
  network.silent = true
  await expect.poll(() => network.streams, { timeout: 20_000 }).toBeGreaterThan(1)
  await is(john, 'Connected')
  await hears(mary, JOHN)
  await hears(john, MARY)
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('a network that has changed breaks no sound: neither while the stream answers, nor when another one is begun', async ({
  telephones,
}) => {
  const page = await telephones.browser('john', JOHN)
  await page.addInitScript(() => {
    const Connection = RTCPeerConnection
    const made = { connections: 0 }
    window.RTCPeerConnection = new Proxy(Connection, {
      construct(of, given) {
        made.connections += 1
        return Reflect.construct(of, given) as RTCPeerConnection
      },
    })
    Object.assign(window, { made })
  })
  const network = await swallowing(page)
  const { john, mary } = await talking(telephones, page)
  await hears(john, MARY)
  const connections = () => john.evaluate(() => (window as unknown as { made: { connections: number } }).made.connections)
  const online = () => john.evaluate(() => window.dispatchEvent(new Event('online')))
  const before = await connections()
  const silence = await longestSilence(mary, JOHN)
  await online()
  // Longer than an answer is waited for.
  await john.waitForTimeout(3500)
  expect(network.streams, 'the stream answers').toBe(1)

  network.silent = true
  await online()
  await expect.poll(() => network.streams, { timeout: 15_000 }).toBe(2)
  await expect(john.getByText(/^Ready: extension/)).toBeVisible()
  await is(john, 'Connected')
  await john.waitForTimeout(1000)
  expect(await connections(), 'the sound has its way').toBe(before)
  expect(await silence(), 'milliseconds in which Mary heard nothing').toBeLessThan(700)
  await hears(mary, JOHN)
  await hears(john, MARY)
  // And what was said anew is the same call.
  await press(john, 'Hold')
  await is(john, 'On hold')
  await hearsNot(mary, JOHN)
  await press(john, 'Resume')
  await hears(mary, JOHN)
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('a laptop that comes back does not take the call from the desk where its person goes on', async ({ telephones }) => {
  const DESK = 1900
  const laptop = await telephones.browser('john', JOHN)
  let away = false
  const streams: (() => Promise<void>)[] = []
  await laptop.routeWebSocket(/\/phone$/, (socket: WebSocketRoute) => {
    if (away) return void socket.close()
    const server = socket.connectToServer()
    streams.push(async () => {
      await server.close()
      await socket.close()
    })
  })
  const { john, mary } = await talking(telephones, laptop)
  away = true
  for (const close of streams) await close()
  const desk = await telephones.browser('john', DESK)
  await visit(desk, '/self-care/phone')
  // What goes on is not taken unasked.
  await expect(desk.getByText('and has a call with')).toBeVisible()
  await press(desk, 'Use it here')
  await is(desk, 'Connected')
  await hears(mary, DESK, JOHN)

  away = false
  await expect(john.getByText(/^The phone is in another tab of yours/)).toBeVisible()
  await expect(john.locator('audio[data-call]')).toHaveCount(0)
  await hears(mary, DESK, JOHN)
  await is(desk, 'Connected')
  await press(desk, 'Hang up')
  await nobodyTalks(desk, mary)
})

test('who signs in where somebody else was a phone gets no call there', async ({ telephones }) => {
  const [john, mary, adam] = [
    await telephones.of('john', JOHN),
    await telephones.of('mary', MARY),
    await telephones.of('adam', ADAM),
  ]
  await dial(adam, '702')
  await is(mary, 'Incoming call')
  await press(mary, 'Answer')
  await hears(adam, MARY)
  // Mary looks at something at John's desk, in the tab that is his phone.
  const headers = { accept: 'application/json', origin: new URL(john.url()).origin }
  await john.request.post('/api/sign_out', { headers })
  await john.request.post('/api/sign_in', { form: { name: 'mary', password: PASSWORD }, headers })
  await visit(john, '/self-care/history')
  await john.waitForTimeout(1500)
  await is(mary, 'Connected')
  await visit(john, '/self-care/phone')
  await expect(john.getByText('The phone is in another tab of yours, and has a call with')).toBeVisible()
  await is(mary, 'Connected')
  await hears(adam, MARY)
  await press(mary, 'Hang up')
  await nobodyTalks(mary, adam)
})

test('a microphone that cannot be opened when a call goes on is said, and can be tried again', async ({ telephones }) => {
  const page = await telephones.browser('john', JOHN)
  await page.addInitScript(() => {
    const open = MediaDevices.prototype.getUserMedia
    MediaDevices.prototype.getUserMedia = async function (...asked) {
      if (sessionStorage.getItem('busy') !== null) throw new DOMException('busy', 'NotReadableError')
      return open.apply(this, asked)
    }
  })
  const { john, mary } = await talking(telephones, page)
  await john.evaluate(() => sessionStorage.setItem('busy', 'yes'))
  await john.reload()
  await is(john, 'Connected')
  await expect(john.getByRole('alert').getByText('The microphone cannot be opened')).toBeVisible()
  await hearsNot(mary, JOHN)
  await john.evaluate(() => sessionStorage.removeItem('busy'))
  await press(john, 'Try the microphone again')
  await hears(mary, JOHN)
  await hears(john, MARY)
  await expect(john.getByRole('button', { name: 'Try the microphone again' })).toBeHidden()
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('while the server is not reached nothing is shown that it did not say, and who hangs up is not heard any more', async ({
  telephones,
}) => {
  const page = await telephones.browser('john', JOHN)
  let away = false
  const streams: (() => Promise<void>)[] = []
  await page.routeWebSocket(/\/phone$/, (socket: WebSocketRoute) => {
    if (away) return void socket.close()
    const server = socket.connectToServer()
    // What is wished of recordings is lost on the way.
    socket.onMessage((message) => {
      if (!message.toString().startsWith('{"record"')) server.send(message)
    })
    streams.push(async () => {
      await server.close()
      await socket.close()
    })
  })
  const { john, mary } = await talking(telephones, page)
  await press(john, 'Record')
  await expect(john.getByRole('button', { name: 'Starting…' })).toBeDisabled()
  const call = john.getByRole('region', { name: 'Call: Mary Smith' })
  const recording = call.locator('.badge').filter({ hasText: 'Recording', visible: true })
  await expect(recording).toHaveCount(0)

  away = true
  for (const close of streams) await close()
  await expect(call.getByText('What was asked for last may not have been done.')).toBeVisible()
  await expect(call.getByText('nobody can be answered, held, handed over or recorded')).toBeVisible()
  await expect(john.getByText('Check the network; this page goes on trying.')).toBeVisible()
  for (const name of ['Hold', 'Record', 'Transfer']) {
    await expect(john.getByRole('button', { name, exact: true })).toBeDisabled()
  }
  await expect(recording).toHaveCount(0)
  // The sound goes on, until he hangs up.
  await hears(mary, JOHN)
  await Promise.all([expect(call.getByText('Ended here.')).toBeVisible(), press(john, 'Hang up')])
  await expect(john.locator('audio[data-call]')).toHaveCount(0)
  away = false
  await expect(john.getByText(/^Ready: extension/)).toBeVisible()
  await nobodyTalks(john, mary)
})

test('who is on hold hears nothing of another call, though it is answered before the server has said what is so', async ({
  telephones,
}) => {
  const page = await telephones.browser('john', JOHN)
  let late = false
  const withheld: (() => void)[] = []
  await page.routeWebSocket(/\/phone$/, (socket: WebSocketRoute) => {
    const server = socket.connectToServer()
    server.onMessage((message) => {
      if (late && message.toString().startsWith('{"held"')) withheld.push(() => socket.send(message))
      else socket.send(message)
    })
  })
  const { john, mary } = await talking(telephones, page)
  await press(john, 'Hold')
  await is(john, 'On hold')
  await hearsNot(mary, JOHN)
  const adam = await telephones.of('adam', ADAM)
  await dial(adam, '744')
  await is(john, 'Incoming call')

  late = true
  await press(john, 'Resume')
  await press(john, 'Answer')
  await hears(adam, JOHN)
  await expect.poll(() => withheld.length, { timeout: 15_000 }).toBeGreaterThan(0)
  // For the exchange she is not held any more by now.
  await hears(john, ADAM)
  await hearsNot(mary, JOHN)
  late = false
  for (const send of withheld) send()
  await expect(john.getByRole('region', { name: 'Call: Mary' })).toContainText('On hold', { timeout: 15_000 })
  await hears(adam, JOHN)
  await hearsNot(mary, JOHN)
  await press(adam, 'Hang up')
  await press(mary, 'Hang up')
  await nobodyTalks(john, mary, adam)
})

test('who gives up before the server was told calls nobody', async ({ telephones }) => {
  const page = await telephones.browser('john', JOHN)
  await page.addInitScript(() => {
    const open = MediaDevices.prototype.getUserMedia
    MediaDevices.prototype.getUserMedia = async function (...asked) {
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return open.apply(this, asked)
    }
  })
  const mary = await telephones.of('mary', MARY)
  await visit(page, '/self-care/phone')
  await expect(page.getByText(/^Ready: extension/)).toBeVisible()
  await dial(page, '702')
  await press(page, 'Hang up')
  await nobodyTalks(page)
  await page.waitForTimeout(2500)
  await nobodyTalks(page, mary)
})

test('a server that is told to end lets the call end first', async () => {
  const tandem = await Tandem.start()
  const telephones = new Telephones(tandem)
  try {
    const john = await telephones.of('john', JOHN)
    await dial(john, '*43')
    await is(john, 'Connected')
    await hears(john, JOHN)
    tandem.terminate()
    // Longer than a phone is waited for that is gone.
    await john.waitForTimeout(18_000)
    await is(john, 'Connected')
    await hears(john, JOHN)
    await press(john, 'Hang up')
    await expect.poll(() => tandem.running(), { timeout: 15_000 }).toBe(false)
    expect(tandem.log()).toContain('ended')
  } finally {
    await telephones.end([/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED/])
    await tandem.stop()
  }
})
