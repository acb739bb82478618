// How soon a manager's console does what is clicked and shows what happens: run by `cargo xtask bench`.
//
//   node console.mjs TANDEM TANDEM_LOAD
//
// Starts the server with the demonstration's data and the generator of calls (`tandem-load live`), whose carrier is its trunk.
// Adam sits in Chromium at the console, which is his phone too and whose microphone is a tone. Prints a line for each thing
// measured: its name and the figure, in milliseconds or frames a second. Both ends of a time are by the wall's clock, which the
// page and the generator share.

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

import { CHROMIUM, MICROPHONE, telephone } from '../support/chromium.mjs'
import { tone } from '../support/wav.mjs'

const [tandem, load] = process.argv.slice(2)

/** Longest wait for anything, in milliseconds. */
const PATIENCE = 30_000
/** How often a mode is changed, a call joined, a call begun and ended. */
const [SWITCHES, JOINS, EVENTS] = [40, 25, 40]
/** Calls in the list while that is measured, and while frames are counted. */
const [LISTED, CHANGING] = [200, 500]
/** While frames are counted, so many calls begin and end a second, for so many seconds. */
const [RATE, SECONDS] = [10, 10]
/** What Adam says, in hertz: the generator knows. */
const TONE = 1500

const folder = await mkdtemp(join(tmpdir(), 'tandem-bench-'))
const closing = [() => rm(folder, { recursive: true, force: true })]
try {
  await measure()
} finally {
  for (const close of closing.reverse()) await close()
}

async function measure() {
  const calls = await generator()
  const { url, sip } = await server(calls.trunk)
  await calls.does(`meet ${sip}`)
  const page = await console_(url)
  // The first call is the one to be joined, whatever comes after it.
  await calls.does('calls 1')
  const first = page.locator('.console-call').first()
  await first.waitFor()
  const row = page.locator(`[id="${await first.getAttribute('id')}"]`)
  await calls.does(`calls ${LISTED}`)
  await listed(page, LISTED)

  await joins(page, row)
  await switches(page, row, calls)
  await leave(page)
  // Rows stay where they are while somebody points at them.
  await page.mouse.move(0, 0)
  await events(page, calls)

  await calls.does(`calls ${CHANGING}`)
  await listed(page, CHANGING)
  const changes = calls.does(`change ${RATE} ${SECONDS}`)
  print('console', await frames(page, SECONDS))
  await changes
  // The same calls, talking and lasting, but nothing begins or ends; then a page without anything,
  // before which the console is hidden and rests.
  print('still', await frames(page, SECONDS))
  const empty = await page.context().newPage()
  print('empty', await frames(empty, SECONDS))
}

function print(name, { rate, gaps }) {
  console.log(`${name}_rate`, rate)
  for (const gap of gaps) console.log(`${name}_gap`, gap)
}

/** From a click on a call's button to its sound in the browser. */
async function joins(page, row) {
  for (let n = 0; n < JOINS; n++) {
    await page.evaluate(() => window.bench.awaitSound())
    await row.locator('button[value=spy]:enabled').click()
    const { clicked, heard } = await page.evaluate(() => window.bench.sound)
    console.log('join', heard - clicked)
    await page.locator('.console-bar').waitFor()
    if (n + 1 < JOINS) await leave(page)
  }
}

/** From a click on a mode's button to the agent hearing the manager, or not any more. */
async function switches(page, row, calls) {
  for (let n = 0; n < SWITCHES; n++) {
    for (const [mode, order] of [['whisper', 'hears'], ['spy', 'hears not']]) {
      // Not always at the same place in the 20 ms on which mixes are made.
      await pause(300 + Math.random() * 100)
      await row.locator(`button[value=${mode}]`).click()
      const { at } = await calls.does(order)
      const took = at - (await page.evaluate(() => window.bench.clicked))
      // A tone that was broken before the click, as a busy machine does it, says nothing of the click.
      console.log(took < 0 ? 'broken' : mode, took)
    }
  }
}

async function leave(page) {
  await page.keyboard.press('Escape')
  await page.locator('.console-bar').waitFor({ state: 'detached' })
  await pause(700)
}

/** From a message of SIP to its row on the screen, or to the row being gone. */
async function events(page, calls) {
  for (let n = 0; n < EVENTS; n++) {
    for (const [order, change] of [['begin', 1], ['end', -1]]) {
      const count = await page.evaluate((change) => window.bench.awaitRows(change), change)
      const { at } = await calls.does(order)
      const shown = await page.evaluate(() => window.bench.rows)
      console.log(order, shown - at)
      await listed(page, count + change)
      await pause(500 + Math.random() * 200)
    }
  }
}

async function listed(page, count) {
  await page.waitForFunction((count) => document.querySelectorAll('.console-call').length === count, count)
}

/** How many frames a second a page draws, and how long each lasted. */
async function frames(page, seconds) {
  return page.evaluate(
    (seconds) =>
      new Promise((resolve) => {
        const gaps = []
        let [first, last] = [undefined, undefined]
        const frame = (now) => {
          if (last !== undefined) gaps.push(now - last)
          first ??= now
          last = now
          if (now - first < seconds * 1000) requestAnimationFrame(frame)
          else resolve({ rate: (gaps.length * 1000) / (now - first), gaps })
        }
        requestAnimationFrame(frame)
      }),
    seconds,
  )
}

/** Adam's console, in a browser that is his phone. */
async function console_(url) {
  const file = join(folder, 'tone.wav')
  await writeFile(file, tone(TONE))
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...telephone(file), MICROPHONE],
  })
  closing.push(() => browser.close())
  const context = await browser.newContext({ baseURL: url, locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  context.setDefaultTimeout(PATIENCE)
  await context.addInitScript(watch)
  const answer = await context.request.post('/api/sign_in', {
    form: { name: 'adam', password: 'tandem-demo' },
    headers: { accept: 'application/json', origin: url },
  })
  if (!answer.ok()) throw new Error(`adam cannot sign in: ${await answer.text()}`)
  const page = await context.newPage()
  await page.goto('/self-care/phone')
  await page.getByText(/^Ready: extension/).waitFor()
  await page.goto('/self-care/console')
  await page.getByText('This browser is your phone').waitFor()
  return page
}

/** Runs in each page before anything else: notes clicks, sound and rows. */
function watch() {
  if (location.protocol === 'about:') return
  // A filter for noise takes a steady tone for noise.
  localStorage.setItem('phone-filters', 'off')
  const wall = (time) => Date.now() - performance.now() + time
  const bench = { clicked: 0, sound: undefined, rows: undefined }
  window.bench = bench
  // The browser's own time of the click, before the page has had any time for it.
  addEventListener('click', (event) => (bench.clicked = wall(event.timeStamp)), { capture: true })

  let context
  /** From now on the first sound of a call is waited for. */
  bench.awaitSound = async () => {
    context ??= new AudioContext()
    await context.resume()
    const old = new Set([...document.querySelectorAll('audio[data-call]')].map((audio) => audio.srcObject))
    bench.sound = new Promise((resolve, reject) => {
      const analyser = context.createAnalyser()
      analyser.fftSize = 256
      const samples = new Float32Array(analyser.fftSize)
      const end = performance.now() + 20_000
      let source
      const look = () => {
        const fresh = (stream) => stream instanceof MediaStream && stream.getAudioTracks().length > 0 && !old.has(stream)
        const stream = [...document.querySelectorAll('audio[data-call]')].map((audio) => audio.srcObject).find(fresh)
        if (source === undefined && stream !== undefined) {
          source = context.createMediaStreamSource(stream)
          source.connect(analyser)
        }
        analyser.getFloatTimeDomainData(samples)
        if (samples.some((sample) => Math.abs(sample) > 0.02)) {
          source.disconnect()
          clearInterval(timer)
          resolve({ clicked: bench.clicked, heard: Date.now() })
        } else if (performance.now() > end) {
          clearInterval(timer)
          reject(new Error('nothing is heard'))
        }
      }
      const timer = setInterval(look, 4)
    })
  }

  /** From now on so many rows more are waited for. */
  bench.awaitRows = (change) => {
    const count = document.querySelectorAll('.console-call').length
    bench.rows = new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        if (document.querySelectorAll('.console-call').length !== count + change) return
        observer.disconnect()
        // The frame that shows it is drawn after this; what is asked for in it runs once that has been drawn.
        requestAnimationFrame(() => {
          const drawn = new MessageChannel()
          drawn.port1.onmessage = () => resolve(Date.now())
          drawn.port2.postMessage(undefined)
        })
      }).observe(document.querySelector('.console-calls'), { childList: true })
    })
    return count
  }
}

/** The server, with this trunk. */
async function server(trunk) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TANDEM_')))
  // Most calls have nobody who talks, and go on all the same.
  env.TANDEM_MEDIA_SILENCE = '1h'
  const options = ['--http', '127.0.0.1:0', '--sip', '127.0.0.1:0', '--trunk', trunk, '--data', folder, '--no-callers']
  const program = spawn(tandem, ['demo', ...options], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  closing.push(() => ended(program))
  let told = ''
  for (const stream of [program.stdout, program.stderr]) stream.setEncoding('utf8').on('data', (text) => (told += text))
  const until = Date.now() + PATIENCE
  while (Date.now() < until && program.exitCode === null) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(told)?.[0]
    const sip = /A phone registers at (\S+)/.exec(told)?.[1]
    if (url !== undefined && sip !== undefined) {
      const answer = await fetch(`${url}/readyz`).catch(() => undefined)
      if (answer?.ok) return { url, sip }
    }
    await pause(50)
  }
  throw new Error(`the server does not start: ${told}`)
}

/** The generator of calls. */
async function generator() {
  const program = spawn(load, ['live'], { stdio: ['pipe', 'pipe', 'inherit'] })
  closing.push(() => ended(program))
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]()
  const answer = async (order) => {
    const { value } = await lines.next()
    if (value === undefined) throw new Error(`the generator is gone at “${order}”`)
    return JSON.parse(value)
  }
  const { addresses } = await answer('start')
  const does = (order) => {
    program.stdin.write(`${order}\n`)
    return answer(order)
  }
  return { trunk: addresses[0], does }
}

async function ended(program) {
  if (program.exitCode !== null || program.signalCode !== null) return
  const end = new Promise((resolve) => program.once('exit', resolve))
  program.kill('SIGKILL')
  await end
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
