// Telephones that others wrote: JsSIP and SIP.js, beside a page of Tandem, by SIP over WebSocket.

import { build } from 'esbuild'
import type { Page } from '@playwright/test'
import { expect, PASSWORD, visit } from './test.ts'
import type { Telephones } from './telephones.ts'

/** The libraries. */
export const SOFTPHONES = ['JsSIP', 'SIP.js'] as const
export type Softphone = (typeof SOFTPHONES)[number]

/** What a test asks of either library, on the page. `state` is what its user would see, `losses` how often it was taken off. */
export interface Controls {
  state: string
  losses: number
  call(number: string): void
  answer(): void
  hangUp(): void
  hold(on: boolean): void
  press(digits: string): void
  /** The network takes the socket away. */
  loseSocket(): void
}

declare global {
  interface Window {
    softphone: Controls
  }
}

const JSSIP = `
import JsSIP from 'jssip'
export function begin(user, password) {
  const controls = { state: 'off', losses: 0 }
  const off = () => { controls.state = 'off'; controls.losses += 1 }
  const socket = new JsSIP.WebSocketInterface('ws://' + location.host + '/sip')
  const ua = new JsSIP.UA({
    sockets: [socket], uri: 'sip:' + user + '@' + location.hostname, password,
    connection_recovery_min_interval: 1, connection_recovery_max_interval: 2,
  })
  let session
  ua.on('registered', () => (controls.state = 'registered'))
  ua.on('unregistered', off)
  ua.on('disconnected', off)
  ua.on('registrationFailed', ({ cause }) => (controls.state = 'refused: ' + cause))
  const listen = () => listenTo(session.connection)
  ua.on('newRTCSession', (event) => {
    session = event.session
    controls.state = event.originator === 'remote' ? 'rings' : 'calls'
    if (session.connection) listen()
    session.on('peerconnection', listen)
    session.on('confirmed', () => (controls.state = 'talks'))
    session.on('hold', ({ originator }) => (controls.state = originator === 'local' ? 'holds' : 'is held'))
    session.on('unhold', () => (controls.state = 'talks'))
    for (const end of ['ended', 'failed']) session.on(end, () => (controls.state = 'registered'))
  })
  const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } }
  Object.assign(controls, {
    call: (number) => ua.call('sip:' + number + '@' + location.hostname, media),
    answer: () => session.answer(media),
    hangUp: () => session.terminate(),
    hold: (on) => (on ? session.hold() : session.unhold()),
    press: (digits) => session.sendDTMF(digits, { transportType: 'RFC2833' }),
    loseSocket: () => socket._ws.close(),
  })
  ua.start()
  return controls
}
`

const SIPJS = `
import { Web } from 'sip.js'
export function begin(user, password) {
  const controls = { state: 'off', losses: 0 }
  const off = () => { controls.state = 'off'; controls.losses += 1 }
  const audio = document.querySelector('audio[data-call]')
  const phone = new Web.SimpleUser('ws://' + location.host + '/sip', {
    aor: 'sip:' + user + '@' + location.hostname,
    media: { constraints: { audio: true, video: false }, remote: { audio } },
    reconnectionAttempts: 10, reconnectionDelay: 1,
    userAgentOptions: {
      authorizationUsername: user, authorizationPassword: password, logBuiltinEnabled: false,
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
    },
    delegate: {
      onRegistered: () => (controls.state = 'registered'),
      onUnregistered: off,
      onServerDisconnect: off,
      onServerConnect: () => phone.register(),
      onCallCreated: () => (controls.state = 'calls'),
      onCallReceived: () => (controls.state = 'rings'),
      onCallAnswered: () => (controls.state = 'talks'),
      onCallHold: (held) => (controls.state = held ? 'holds' : 'talks'),
      onCallHangup: () => (controls.state = 'registered'),
    },
  })
  Object.assign(controls, {
    call: (number) => phone.call('sip:' + number + '@' + location.hostname),
    answer: () => phone.answer(),
    hangUp: () => phone.hangup(),
    hold: (on) => (on ? phone.hold() : phone.unhold()),
    press: async (digits) => { for (const digit of digits) await phone.sendDTMF(digit) },
    loseSocket: () => phone.sessionManager.userAgent.transport.ws.close(),
  })
  phone.connect()
  return controls
}
`

/** What both use: the sound of the other end, where tests listen. */
const COMMON = `
const audio = document.querySelector('audio[data-call]')
globalThis.listenTo = (connection) => connection.addEventListener('track', ({ track }) => (audio.srcObject = new MediaStream([track])))
`

async function script(library: Softphone): Promise<string> {
  const contents = library === 'JsSIP' ? JSSIP : SIPJS
  const bundle = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'library',
    logLevel: 'silent',
  })
  return bundle.outputFiles.map((file) => file.text).join('\n')
}

/** A browser with this library's telephone of a SIP user, registered; its microphone is a tone of so many hertz. */
export async function softphone(telephones: Telephones, library: Softphone, user: string, hertz: number): Promise<Page> {
  const page = await telephones.browser('john', hertz)
  // The library runs beside one of our pages: one that is only made up counts as a stranger's, who may not call this machine.
  await visit(page, '/self-care')
  await page.evaluate(() => {
    const audio = document.createElement('audio')
    audio.autoplay = true
    audio.setAttribute('data-call', 'softphone')
    document.body.append(audio)
  })
  await page.evaluate(`${COMMON + (await script(library))}; globalThis.softphone = library.begin(${JSON.stringify(user)}, ${JSON.stringify(PASSWORD)}); undefined`)
  await stands(page, 'registered')
  return page
}

/** Waits until the telephone is in this state. */
export async function stands(page: Page, state: string): Promise<void> {
  await expect.poll(() => page.evaluate(() => window.softphone.state), { timeout: 15_000 }).toBe(state)
}
