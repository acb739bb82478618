// A console that loses its connection: it says so, and shows what is so when it is there again, whatever happened meanwhile.

import type { Page } from '@playwright/test'
import { Cable } from '../support/cable.ts'
import type { DeskPhone } from '../support/desk-phone.ts'
import { atDesks } from '../support/desks.ts'
import { postByHand, signIn } from '../support/steps.ts'
import { bar, isIn } from '../support/supervising.ts'
import { expect, visit } from '../support/test.ts'
import { Watch } from '../support/watch.ts'

const [JOHN, MARY, ADAM] = [700, 1100, 1500]

/** How long the connection is away, in milliseconds. */
const AWAY = 10_000
/** A stream that was refused is asked for again within seconds. */
const BACK = { timeout: 30_000 }
const LOST = 'The server is not reached: what is shown may not be so any more.'

/** Adam's console, whose cable can be pulled out, and phones on desks. */
const test = atDesks.extend<{ cable: Cable; adam: Page }>({
  cable: async ({ tandem }, use) => {
    const cable = await Cable.to(tandem.url)
    await use(cable)
    cable.end()
  },
  adam: async ({ browser, cable, contextOptions, locale, timezoneId, viewport }, use) => {
    const context = await browser.newContext({ ...contextOptions, baseURL: cable.url, locale, timezoneId, viewport })
    const watch = new Watch(true)
    context.on('page', (page) => watch.over(page))
    const adam = await context.newPage()
    await visit(adam, '/sign-in?next=/self-care/console')
    await signIn(adam, 'adam')
    await expect(adam.getByRole('heading', { level: 1, name: 'Supervisor console' })).toBeVisible()
    await use(adam)
    await context.close()
    const complaints = watch.complaints.filter((words) => !/net::ERR_|WebSocket connection/.test(words))
    expect(complaints, 'what the browser complained about').toEqual([])
  },
})

/** What the server tells, as far as it is compared. */
interface Console {
  own: { mode: keyof typeof MODES; name: string; client: string }[]
  calls: { id: string; agent: Person; client: Person; agent_calls: boolean; state: keyof typeof STATES; supervisors: Supervisor[] }[]
  agents: { agent: Person; presence: keyof typeof PRESENCES }[]
}
interface Person {
  name: string
}
interface Supervisor {
  name: string
  mode: keyof typeof MODES
  mine: boolean
}
const MODES = { spy: 'Spy', whisper: 'Whisper', barge_in: 'Barge-in' }
const STATES = { ringing: 'Ringing', answered: 'Answered', held: 'On hold' }
const PRESENCES = { away: 'Not registered', free: 'Free', ringing: 'Ringing', on_a_call: 'On a call', do_not_disturb: 'Do not disturb' }

/** What is so, as the server tells somebody whose connection is whole; in the words of the page. */
async function whatIsSo(page: Page) {
  const { own, calls, agents }: Console = await (await postByHand(page, '/api/console_read', {})).json()
  const rows = calls.map(({ id, agent, client, agent_calls, state, supervisors }) => {
    const others = supervisors.map(({ name, mode, mine }) => `${mine ? 'You' : name} ${MODES[mode]}`)
    return [`${agent_calls ? 'from' : 'to'}-${id}`, agent.name, client.name, [STATES[state], ...others].join(' ')]
  })
  return {
    bars: own.map(({ mode, name, client }) => [MODES[mode], `${name} with ${client}`]),
    rows: rows.sort(),
    agents: agents.map(({ agent, presence }) => [agent.name, PRESENCES[presence]]).sort(),
  }
}

/** What the console shows of it. */
function whatIsShown(adam: Page) {
  return adam.evaluate(() => {
    const all = (from: ParentNode, what: string) => [...from.querySelectorAll<HTMLElement>(what)]
    const texts = (node: Node): string[] => (node instanceof Text ? [node.data.trim()] : [...node.childNodes].flatMap(texts))
    const words = (from: ParentNode, what: string) => all(from, what).map((one) => texts(one).filter(Boolean).join(' '))
    return {
      bars: all(document, '.console-bar').map((bar) => words(bar, '.console-bar-mode strong, .console-bar-about strong')),
      rows: all(document, '.console-call')
        .map((row) => [row.id, ...words(row, '.console-who strong, .console-who span'), words(row, '.badges > *').join(' ')])
        .sort(),
      agents: all(document, '[aria-label=Agents] li').map((one) => words(one, 'strong, .badge')).sort(),
    }
  })
}

/** One calls another's extension, and they talk. */
async function call(from: DeskPhone, extension: string, to: DeskPhone) {
  await from.does(`dial ${extension}`)
  await to.does('rings')
  await to.does('accept')
  await from.does('talks')
}

/** Pulls the cable out, lets something happen that the console must not see yet, and plugs it in again when it is time. */
async function away(adam: Page, cable: Cable, happens: () => Promise<void>) {
  await adam.evaluate(() => Object.assign(window, { loaded: 'once' }))
  const before = await whatIsShown(adam)
  cable.pull()
  const back = Date.now() + AWAY
  await expect(adam.getByText(LOST)).toBeVisible(BACK)
  await happens()
  expect(await whatIsShown(adam), 'nothing comes through').toEqual(before)
  await adam.waitForTimeout(Math.max(0, back - Date.now()))
  await expect(adam.getByText(LOST)).toBeVisible()
  cable.plug()
  await expect(adam.getByText(LOST)).toBeHidden(BACK)
}

test('a console whose connection is cut for ten seconds comes back with the calls and the mode that there are', async ({
  adam,
  cable,
  desk,
  as,
}) => {
  const [john, mary] = [await desk('abc744', JOHN), await desk('abc702', MARY)]
  const [olivia, peter, own] = [await desk('abc745', 1900), await desk('abc746', 2300), await desk('abc701', ADAM)]
  await call(mary, '744', john)
  await call(peter, '745', olivia)
  await adam.locator('.console-call').filter({ hasText: 'John' }).getByRole('button', { name: 'Spy on John' }).click()
  await own.does('rings')
  await own.does('accept')
  await isIn(adam, 'Spy')
  const other = await as('adam')
  await visit(other, '/self-care')
  const before = await whatIsSo(other)
  await expect.poll(() => whatIsShown(adam)).toEqual(before)

  await away(adam, cable, async () => {
    // A digit of the phone on his desk: the client hears him.
    await own.does('press 2')
    await mary.does(`hears ${ADAM}`)
    await peter.does('hangup')
    await olivia.does('ended')
    await call(olivia, '746', peter)
    await olivia.does('hold')
    await expect.poll(async () => (await whatIsSo(other)).rows.flat()).toContain('On hold')
  })
  const so = await whatIsSo(other)
  expect(so.bars).toEqual([['Barge-in', 'John with Mary Smith']])
  expect(so.rows.map(([, ...words]) => words).sort()).toEqual([
    ['John', 'Mary Smith', 'Answered You Barge-in'],
    ['Olivia', 'Peter', 'On hold'],
  ])
  expect(so.rows.filter(([id]) => !before.rows.flat().includes(id ?? '')), 'another call of Olivia').toHaveLength(1)
  await expect.poll(() => whatIsShown(adam)).toEqual(so)
  expect(await adam.evaluate(() => (window as unknown as { loaded: string }).loaded), 'it is the page of before').toBe('once')

  // And it follows what happens from now on.
  await own.does('press 0')
  await isIn(adam, 'Spy')
  await olivia.does('hangup')
  await peter.does('ended')
  await expect.poll(async () => (await whatIsShown(adam)).rows).toHaveLength(1)
  await mary.does('hangup')
  await own.does('ended')
})

test('a console whose calls end while its connection is cut comes back without them, and without its own', async ({
  adam,
  cable,
  desk,
  as,
}) => {
  const [john, mary, own] = [await desk('abc744', JOHN), await desk('abc702', MARY), await desk('abc701', ADAM)]
  await call(mary, '744', john)
  await adam.getByRole('button', { name: 'Whisper on John' }).click()
  await own.does('rings')
  await own.does('accept')
  await isIn(adam, 'Whisper')
  await away(adam, cable, async () => {
    await mary.does('hangup')
    await john.does('ended')
    await own.does('ended')
  })
  await expect(bar(adam)).toHaveCount(0)
  await expect(adam.getByText('Nobody is on a call')).toBeVisible()
  const other = await as('adam')
  await visit(other, '/self-care')
  await expect.poll(() => whatIsShown(adam)).toEqual(await whatIsSo(other))
})
