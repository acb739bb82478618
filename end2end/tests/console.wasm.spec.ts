// The supervisor's console in the browser: Adam joins the demonstration's calls with his browser as his phone, changes how he
// is in them by click, key and digit, and leaves; what he may not supervise is not there.

import type { Page } from '@playwright/test'
import { violations } from '../support/axe.ts'
import { bar, isIn as supervisesIn, type Mode } from '../support/supervising.ts'
import { openFromList, postByHand, press as turn } from '../support/steps.ts'
import { loudness, pressDocked, Telephones } from '../support/telephones.ts'
import { expect, test as base, visit } from '../support/test.ts'

const ADAM = 1500
/** Calls begin within seconds of the start, and each gives way to the next; a busy machine takes longer. */
const SOON = { timeout: 30_000 }

const test = base.extend<{ telephones: Telephones }>({
  telephones: async ({ tandem }, use) => {
    const telephones = new Telephones(tandem)
    await use(telephones)
    await telephones.end()
  },
})

/** The rows of calls that can be joined. */
function joinable(page: Page) {
  return page.locator('.console-call').filter({ has: page.locator('button[value=spy]:enabled') })
}

/** Waits until one supervises in this mode. */
async function isIn(page: Page, mode: Mode) {
  await supervisesIn(page, mode, SOON)
}

/** Adam's console, with his browser as his phone. */
async function console_(telephones: Telephones): Promise<Page> {
  const adam = await telephones.of('adam', ADAM)
  await visit(adam, '/self-care/console')
  await expect(adam.getByText('This browser is your phone')).toBeVisible()
  await expect(joinable(adam).first()).toBeVisible(SOON)
  return adam
}

/** Adam spies on the first call, and stays: the people of the demonstration hang up when they like. */
async function spiesAndStays(adam: Page): Promise<void> {
  await joinable(adam).first().getByRole('button', { name: /^Spy/ }).click()
  await isIn(adam, 'Spy')
  const follow = bar(adam).getByRole('button', { name: 'Follow this agent' })
  await follow.click()
  await expect(follow).toHaveAttribute('aria-pressed', 'true')
}

test('a manager sees his agents and their calls, and nobody else', async ({ as }) => {
  const adam = await as('adam')
  await visit(adam, '/self-care/console')
  await expect(joinable(adam).first()).toBeVisible(SOON)
  const agents = adam.getByRole('list', { name: 'Agents' })
  await expect(agents.getByRole('listitem')).toHaveCount(2)
  await expect(agents).toContainText('John')
  await expect(agents).toContainText('Olivia')
  await expect(agents).toContainText('On a call')
  await expect(adam.getByRole('main')).not.toContainText('Peter')

  // Time goes on, and voices move the meters.
  const time = joinable(adam).first().locator('[data-since]')
  const shown = await time.innerText()
  await expect(time).not.toHaveText(shown)
  await expect(adam.locator('.console-levels rect:not([width="0"]):not([width="0%"])').first()).toBeAttached(SOON)

  // What is searched for is in the address.
  await adam.getByRole('searchbox').fill('nobody of this name')
  await expect(adam.getByText('No calls match')).toBeVisible()
  await expect(adam).toHaveURL(/q=nobody/)
  await adam.getByRole('link', { name: 'Clear search and filters' }).click()
  await expect(joinable(adam).first()).toBeVisible(SOON)

  // Agents have no console.
  const john = await as('john')
  expect((await john.request.get('/self-care/console')).status()).toBe(403)
  await visit(john, '/self-care')
  await expect(john.getByRole('link', { name: 'Supervisor console' })).toHaveCount(0)
})

test('a click joins, keys and clicks change the mode, Escape leaves', async ({ telephones }) => {
  const adam = await console_(telephones)
  // So that the end of the caller's call does not end this.
  await spiesAndStays(adam)
  await expect(bar(adam)).toContainText('Nobody hears you.')
  await expect(async () => expect(await loudness(adam)).toBeGreaterThan(-60)).toPass({ timeout: 20_000 })

  await adam.keyboard.press('w')
  await isIn(adam, 'Whisper')
  await expect(bar(adam)).toContainText(/Only (John|Olivia) hears you\./)
  await bar(adam).getByRole('button', { name: /^Barge-in/ }).click()
  await isIn(adam, 'Barge-in')
  await adam.keyboard.press('s')
  await isIn(adam, 'Spy')

  // A note is kept.
  await bar(adam).getByLabel('Note on the call').fill('Friendly from the first word')
  await bar(adam).getByRole('button', { name: 'Keep note' }).click()
  await expect(adam.getByText('Note kept')).toBeVisible()

  // The client is turned down: what is set is what the server says.
  const client = bar(adam).getByRole('slider', { name: /^Client/ })
  await client.focus()
  for (let i = 0; i < 5; i += 1) await adam.keyboard.press('ArrowLeft')
  await expect(client).toHaveValue('50')
  await expect(async () => {
    const { own } = await (await postByHand(adam, '/api/console_read', {})).json()
    expect(own[0]?.volumes).toEqual([100, 50])
  }).toPass()
  expect(await violations(adam), 'the console with the bar').toEqual([])
  await bar(adam).locator('button[aria-pressed=true]').first().focus()

  // The bar is the same one through all of this, and so is what has the focus in it.
  await bar(adam).getByRole('button', { name: /^Whisper/ }).press('Enter')
  await isIn(adam, 'Whisper')
  await expect(bar(adam).getByRole('button', { name: /^Whisper/ })).toBeFocused()

  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
  await expect(adam.locator('.console-call').filter({ hasText: 'You' })).toHaveCount(0)
})

test('a letter is for the supervision whose bar has the focus, not for the row that was chosen before', async ({
  telephones,
}) => {
  const adam = await console_(telephones)
  await expect(joinable(adam)).toHaveCount(2, SOON)
  await spiesAndStays(adam)
  const about = bar(adam).locator('.console-bar-about strong')
  const agent = (await about.innerText()).split(' ')[0] ?? ''
  const other = adam.locator('.console-call').filter({ hasText: agent === 'John' ? 'Olivia' : 'John' })
  await other.first().focus()
  await expect(other.first()).toHaveAttribute('aria-current', 'true')
  await bar(adam).getByRole('button', { name: /^Spy/ }).click()
  await expect(other.first()).not.toHaveAttribute('aria-current', 'true')
  await adam.keyboard.press('b')
  await isIn(adam, 'Barge-in')
  await expect(about).toContainText(agent)
  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
})

test('keys of one letter are turned off, and on again', async ({ telephones }) => {
  const adam = await console_(telephones)
  const letters = adam.getByRole('main').getByRole('checkbox', { name: 'Keys of a single letter or sign' })
  await expect(joinable(adam).first().locator('kbd').first()).toBeVisible()
  await letters.uncheck()
  await expect(joinable(adam).first().locator('kbd').first()).toBeHidden()
  await adam.keyboard.press('Tab')
  await adam.keyboard.press('ArrowDown')
  await expect(adam.locator('.console-call').first()).toBeFocused()
  for (const key of ['s', 'w', 'b', '/']) await adam.keyboard.press(key)
  await expect(adam.locator('.console-call').first()).toBeFocused()
  await expect(bar(adam)).toHaveCount(0)
  // It is kept, on other pages too.
  await adam.reload()
  await expect(letters).not.toBeChecked()
  await visit(adam, '/self-care/history')
  await adam.keyboard.press('/')
  await expect(adam.getByRole('searchbox')).not.toBeFocused()
  await visit(adam, '/self-care/console')
  await letters.check()
  await adam.keyboard.press('Tab')
  await expect(adam.getByText('This browser is your phone')).toBeVisible()
  await expect(async () => {
    await joinable(adam).first().focus(SOON)
    await adam.keyboard.press('s')
    await supervisesIn(adam, 'Spy', { timeout: 5_000 })
  }).toPass(SOON)
  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
})

test('a change touches its own cells, and rows stay where somebody points at them', async ({ as }) => {
  const adam = await as('adam')
  await visit(adam, '/self-care/console')
  await expect(joinable(adam)).toHaveCount(2, SOON)
  await expect(adam.locator('.console-levels rect:not([width="0"]):not([width="0%"])').first()).toBeAttached(SOON)
  // The page asks for nothing while things happen: it is told.
  const asked: string[] = []
  adam.on('request', (request) => {
    if (request.url().includes('/api/console_read')) asked.push(request.url())
  })
  const rows = adam.locator('.console-call')
  await rows.first().hover()
  const ids = () => rows.evaluateAll((all) => all.map((row) => row.id))
  const before = await ids()
  await adam.evaluate(() => {
    for (const row of document.querySelectorAll('.console-call')) row.setAttribute('data-mine', 'yes')
  })
  // Whoever points goes on moving a little; calls come and go meanwhile. What is over is said to be, and cannot be joined.
  const over = adam.locator('.console-over')
  await expect(async () => {
    await rows.first().hover({ position: { x: 20 + Math.random() * 20, y: 10 } })
    await expect(over.first()).toContainText('Ended', { timeout: 500 })
    await expect(over.first().locator('button[value=spy]')).toBeDisabled({ timeout: 500 })
  }).toPass({ timeout: 120_000, intervals: [500] })
  expect((await ids()).slice(0, before.length)).toEqual(before)
  for (const id of before) await expect(adam.locator(`#${id}`)).toHaveAttribute('data-mine', 'yes')
  expect(await violations(adam), 'the console with a call that is over').toEqual([])
  // It goes when nobody points at it any more.
  await adam.mouse.move(0, 0)
  await expect(over).toHaveCount(0)
  expect(asked).toEqual([])
})

test('arrows choose a call and a letter joins it; another letter goes over to another call with the same phone', async ({
  telephones,
}) => {
  const adam = await console_(telephones)
  const rows = adam.locator('.console-call')
  // The people of the demonstration hang up when they like, and others ring: then it is done again.
  await expect(async () => {
    await adam.keyboard.press('Escape')
    await expect(bar(adam)).toHaveCount(0)
    await expect(joinable(adam)).toHaveCount(2, SOON)
    const [first, second] = await rows.evaluateAll((all) => all.map((row) => row.id))
    await adam.keyboard.press('ArrowDown')
    await expect(adam.locator(`#${first}`)).toBeFocused({ timeout: 1_000 })
    await adam.keyboard.press('b')
    await supervisesIn(adam, 'Barge-in', { timeout: 10_000 })
    await adam.keyboard.press('ArrowDown')
    await expect(adam.locator(`#${second}`)).toBeFocused({ timeout: 1_000 })
    await adam.keyboard.press('w')
    await supervisesIn(adam, 'Whisper', { timeout: 10_000 })
    await expect(adam.locator(`#${second}`)).toContainText('You', { timeout: 1_000 })
    await expect(adam.locator('.phone-call'), 'one phone, one call').toHaveCount(1, { timeout: 1_000 })
  }).toPass({ timeout: 150_000 })
  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
})

test('a digit pressed on the phone changes what another console shows', async ({ telephones }) => {
  const adam = await console_(telephones)
  await spiesAndStays(adam)
  const other = await adam.context().newPage()
  await visit(other, '/self-care/console')
  await isIn(other, 'Spy')
  await pressDocked(adam, '1')
  await isIn(other, 'Whisper')
  // And the other console steers, too.
  await other.keyboard.press('b')
  await isIn(other, 'Barge-in')
  await other.keyboard.press('Escape')
  await expect(bar(other)).toHaveCount(0)
})

test('whoever is protected from supervision is gone within a second', async ({ as }) => {
  const [adam, abc] = [await as('adam'), await as('abc')]
  await visit(adam, '/self-care/console')
  const agents = adam.getByRole('list', { name: 'Agents' }).getByRole('listitem')
  await expect(agents).toHaveCount(2)
  await openFromList(abc, '/self-care/huntgroups', 'Support')
  const never = abc.getByRole('group', { name: 'John 744' }).getByRole('switch', { name: 'Never supervise' })
  await turn(never)
  await expect(agents).toHaveCount(1)
  await expect(agents).toContainText('Olivia')
  await expect(adam.locator('.console-call').filter({ hasText: 'John' })).toHaveCount(0)
  await turn(never)
  await expect(agents).toHaveCount(2)
})

test('what is asked for by hand is refused: other people, other companies, other calls', async ({ as }) => {
  const adam = await as('adam')
  const read = async () => {
    const answer = await (await postByHand(adam, '/api/console_read', {})).json()
    return answer.calls.filter((call: { may: { Ok?: null } }) => 'Ok' in call.may)
  }
  await visit(adam, '/self-care/console')
  await expect.poll(async () => (await read()).length, SOON).toBeGreaterThan(0)
  const [call] = await read()
  const wish = { call: call.id, agent: call.agent.account, mode: 'spy' }
  // Nobody else may, and he only whom the huntgroups say.
  for (const [name, status] of [['john', 403], ['mary', 403], ['abc', 403], ['panda', 403], ['admin', 403]] as const) {
    const other = await as(name)
    await visit(other, name === 'admin' ? '/admin' : '/self-care')
    expect((await postByHand(other, '/api/console_join', wish)).status(), name).toBe(status)
  }
  const unknown = '01890000-0000-7000-8000-000000000001'
  expect((await postByHand(adam, '/api/console_join', { ...wish, agent: unknown })).status()).toBe(404)
  expect((await postByHand(adam, '/api/console_join', { ...wish, call: unknown })).status()).toBe(404)
  expect((await postByHand(adam, '/api/console_join', { ...wish, ticket: 'a b' })).status()).toBe(400)
  // A call of somebody else is none of his own.
  for (const to of ['console_switch', 'console_leave', 'console_follow', 'console_mark', 'console_note']) {
    const form = { call: call.id, mode: 'spy', follow: 'on', text: 'x' }
    expect((await postByHand(adam, `/api/${to}`, form)).status(), to).toBe(404)
  }
  // No phone of his can be rung. The call of before may be over by now.
  await expect(async () => {
    const [now] = await read()
    const answer = await postByHand(adam, '/api/console_join', { call: now.id, agent: now.agent.account, mode: 'spy' })
    expect(answer.status()).toBe(422)
    expect(await answer.text()).toContain('None of your phones can be rung')
  }).toPass(SOON)
})

test('the wallboard counts what goes on', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/wallboard')
  const live = abc.locator('.wall-figure').filter({ hasText: /^\d+ ?Live$/ }).first().locator('strong')
  await expect(live).not.toHaveText('0', SOON)
  await expect(abc.getByRole('heading', { name: 'Support' })).toBeVisible()
  await expect(abc.getByRole('list', { name: 'Agents' })).toContainText('On a call', SOON)
})
