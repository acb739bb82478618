// The phone in the browser: people call each other, and each hears the other's tone.

import type { Page } from '@playwright/test'
import { dial, hears, hearsNot, is, nobodyTalks, press, type Telephones, telephoning as test } from '../support/telephones.ts'
import { openFromList, openTab, press as turn } from '../support/steps.ts'
import { expect, usable, visit } from '../support/test.ts'

const [JOHN, MARY, ADAM] = [700, 1100, 1500]

/** John (744) has called Mary (702), and they talk. */
async function talking(telephones: Telephones): Promise<{ john: Page; mary: Page }> {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  await dial(john, '702')
  await is(mary, 'Incoming call')
  await press(mary, 'Answer')
  await is(mary, 'Connected')
  await is(john, 'Connected')
  return { john, mary }
}

test('John calls the echo test and hears himself', async ({ telephones }) => {
  const john = await telephones.of('john', JOHN)
  await dial(john, '*43')
  await is(john, 'Connected')
  await hears(john, JOHN)
  await press(john, 'Hang up')
  await nobodyTalks(john)
})

test('two browsers call each other both ways, and hear each other', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  await expect(mary.getByRole('region', { name: 'Call: John' })).toBeVisible()
  await hears(mary, JOHN, MARY)
  await hears(john, MARY, JOHN)
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)

  await dial(mary, '744')
  await is(john, 'Incoming call')
  await press(john, 'Answer')
  await hears(mary, JOHN, MARY)
  await hears(john, MARY, JOHN)
  // The other end hangs up this time.
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('mute and hold silence what they say, and are taken back', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  await hears(mary, JOHN)
  await press(john, 'Mute')
  await hearsNot(mary, JOHN)
  await press(john, 'Unmute')
  await hears(mary, JOHN)

  await press(john, 'Hold')
  await is(john, 'On hold')
  await hearsNot(mary, JOHN)
  await hearsNot(john, MARY)
  await press(john, 'Resume')
  await is(john, 'Connected')
  await hears(mary, JOHN)
  await hears(john, MARY)
  await press(mary, 'Hang up')
  await nobodyTalks(john, mary)
})

test('a call is declined', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  await dial(john, '702')
  await Promise.all([is(john, 'Ended'), press(mary, 'Decline')])
  await nobodyTalks(john, mary)
})

test('a call goes on through a reload, and on other pages', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  await hears(mary, JOHN)
  await john.reload()
  await is(john, 'Connected')
  await hears(mary, JOHN)
  await hears(john, MARY)

  // Without loading anything anew, the call is docked below.
  await john.getByRole('link', { name: 'Call history' }).first().click()
  await expect(john.getByRole('heading', { name: 'Call history' })).toBeVisible()
  const dock = john.getByRole('complementary', { name: 'Phone' })
  await expect(dock.getByText('Connected')).toBeVisible()
  await hears(john, MARY)
  await dock.getByRole('button', { name: 'Hang up' }).click()
  await nobodyTalks(mary)
})

test('a page that another program has is opened beside the call, and nothing is lost', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  await hears(mary, JOHN)
  await john.getByRole('link', { name: 'Profile and password', includeHidden: true }).evaluate((link: HTMLElement) => link.click())
  await expect(john).toHaveURL(/profile$/)
  await john.getByLabel('First name').fill('Unsaved')
  const beside = john.waitForEvent('popup')
  await john.getByRole('link', { name: 'Call recordings' }).first().click()
  const other = await beside
  await expect(john.getByRole('status').filter({ hasText: 'so that your call goes on' })).toBeVisible()
  await expect(other).toHaveURL(/recordings$/)
  await usable(other)
  // What was typed is still there, and so is the call.
  await expect(john.getByLabel('First name')).toHaveValue('Unsaved')
  await expect(other.getByRole('complementary', { name: 'Phone' })).toContainText('Another tab of yours has a call with 702')
  await hears(mary, JOHN)
  await hears(john, MARY)
  await john.getByRole('complementary', { name: 'Phone' }).getByRole('button', { name: 'Hang up' }).click()
  await nobodyTalks(mary)
  await expect(john.getByRole('complementary', { name: 'Phone' })).toBeHidden()

  // Without a call, it is opened in its place.
  await john.getByRole('button', { name: 'Discard' }).click()
  await john.getByRole('link', { name: 'Call recordings' }).first().click()
  await expect(john).toHaveURL(/recordings$/)
})

test('the keys are digits for the exchange, and recording is started, paused and stopped', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  await hears(mary, JOHN)
  // The code that starts recording.
  for (const key of ['*', '4', '4']) await press(john, `Key ${key}`)
  await is(john, 'Recording')
  await press(john, 'Pause recording')
  await is(john, 'Recording paused')
  await press(john, 'Resume recording')
  await press(john, 'Stop recording')
  await expect(john.getByRole('button', { name: 'Record', exact: true })).toBeVisible()
  // Mary may not record.
  await expect(mary.getByRole('button', { name: 'Record', exact: true })).toBeHidden()
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('letters act on the call that has the focus, and digits are keys of the dial pad that has it', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  await dial(john, '702')
  await is(mary, 'Incoming call')
  await mary.getByRole('button', { name: 'Answer', exact: true }).press('a')
  await is(mary, 'Connected')
  await is(john, 'Connected')
  await john.getByRole('button', { name: 'Mute', exact: true }).press('m')
  await is(john, 'Muted')
  await john.getByRole('button', { name: 'Unmute', exact: true }).press('m')
  await john.getByRole('button', { name: 'Hold', exact: true }).press('h')
  await is(john, 'On hold')
  await john.getByRole('button', { name: 'Resume', exact: true }).press('h')
  await is(john, 'Connected')
  await john.getByRole('button', { name: 'Key 1', exact: true }).focus()
  for (const key of ['*', '4', '4']) await john.keyboard.press(key)
  await is(john, 'Recording')
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('what cannot be recorded is not said to be', async ({ telephones }) => {
  const john = await telephones.of('john', JOHN)
  await dial(john, '*43')
  await is(john, 'Connected')
  await press(john, 'Record')
  await expect(john.getByRole('region', { name: /^Call: (Echo test|\*43)$/ }).getByText('this call cannot be recorded')).toBeVisible()
  await expect(john.getByRole('button', { name: 'Record', exact: true })).toBeEnabled()
  await expect(john.locator('.phone-call .badge').filter({ hasText: 'Recording', visible: true })).toHaveCount(0)
  await press(john, 'Hang up')
  await nobodyTalks(john)
})

test('a call is handed over: blind, and after asking', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  await hears(mary, JOHN)
  const adam = await telephones.of('adam', ADAM)
  await john.getByLabel('Transfer to').fill('701')
  await press(john, 'Transfer')
  await is(adam, 'Incoming call')
  await press(adam, 'Answer')
  await hears(adam, MARY, JOHN)
  await hears(mary, ADAM, JOHN)
  await nobodyTalks(john)
  // Each sees whom it talks to, not who handed over.
  await expect(adam.getByRole('region', { name: 'Call: Mary' })).toBeVisible()
  await expect(mary.getByRole('region', { name: 'Call: Adam' })).toBeVisible()

  // Adam asks John first; Mary is on hold meanwhile.
  await dial(adam, '744')
  await is(john, 'Incoming call')
  await press(john, 'Answer')
  await hears(john, ADAM, MARY)
  await adam.getByRole('button', { name: /^Connect Mary.* with John$/ }).click()
  await hears(john, MARY, ADAM)
  await hears(mary, JOHN, ADAM)
  await nobodyTalks(adam)
  await expect(john.getByRole('region', { name: 'Call: Mary' })).toBeVisible()
  await expect(mary.getByRole('region', { name: 'Call: John' })).toBeVisible()
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('a second tab shows where the phone is, and takes it', async ({ telephones }) => {
  const john = await telephones.of('john', JOHN)
  const other = await john.context().newPage()
  await visit(other, '/self-care/phone')
  await expect(other.getByText('The phone is in another tab of yours.')).toBeVisible()
  await press(other, 'Use it here')
  await expect(other.getByText(/^Ready: extension/)).toBeVisible()
  await expect(john.getByText('The phone is in another tab of yours.')).toBeVisible()

  // A call of the tab that holds it is shown by the others, wherever they are.
  await visit(john, '/self-care/history')
  await dial(other, '*43')
  await is(other, 'Connected')
  const dock = john.getByRole('complementary', { name: 'Phone' })
  await expect(dock.getByText('Another tab of yours has a call with *43.')).toBeVisible()
  await dock.getByRole('button', { name: 'Take it here' }).click()
  await expect(dock.getByText('Connected')).toBeVisible()
  await hears(john, JOHN)
  await expect(other.getByText('and has a call with *43.')).toBeVisible()
  await dock.getByRole('button', { name: 'Hang up' }).click()
  await expect(other.getByText('The phone is in another tab of yours.')).toBeVisible()
})

test('how well a call is heard is always seen, and in numbers when somebody asks', async ({ telephones }) => {
  const { john, mary } = await talking(telephones)
  const call = john.getByRole('region', { name: 'Call: Mary Smith' })
  // A busy machine may hear worse.
  const sound = call.getByText(/^(Good|Fair|Bad) sound$/)
  await expect(sound).toBeVisible()
  await expect(call.getByText(/round trip/)).toBeHidden()
  await press(john, 'Quality in numbers')
  await expect(call.getByText(/^Loss \d+\.\d % · jitter \d+ ms · round trip \d+ ms$/)).toBeVisible()
  await press(john, 'Hide numbers')
  await expect(call.getByText(/round trip/)).toBeHidden()

  // And how loud both sides are.
  const level = async (name: string) => Number(await john.getByRole('meter', { name }).getAttribute('aria-valuenow'))
  await expect.poll(() => level('Level of the microphone')).toBeGreaterThan(30)
  await expect.poll(() => level('Level of what is heard')).toBeGreaterThan(30)
  await press(mary, 'Mute')
  await expect.poll(() => level('Level of what is heard')).toBeLessThan(20)
  await expect.poll(() => level('Level of the microphone')).toBeGreaterThan(30)

  // Who is held is not heard: there is nothing to say of it.
  await press(john, 'Hold')
  await is(john, 'On hold')
  await expect(call.getByText(/sound/)).toBeHidden()
  await press(john, 'Resume')
  await expect(sound).toBeVisible()
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('whether one may record is so from the next page on', async ({ telephones, as }) => {
  const john = await telephones.of('john', JOHN)
  await dial(john, '*43')
  const record = john.getByRole('button', { name: 'Record', exact: true })
  await expect(record).toBeVisible()
  const admin = await as('admin')
  await openFromList(admin, '/admin/accounts?q=John', 'John')
  await openTab(admin, 'Account', 'Services')
  const manual = admin.getByRole('switch', { name: 'Allow to start/stop recording manually' })
  await turn(manual)
  await john.reload()
  await is(john, 'Connected')
  await expect(record).toBeHidden()
  await turn(manual)
  await john.reload()
  await is(john, 'Connected')
  await expect(record).toBeVisible()
  await press(john, 'Hang up')
  await nobodyTalks(john)
})

test('who is not to be disturbed is not rung', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  await press(mary, 'Do not disturb')
  await expect(mary.getByText(/Do not disturb is on/)).toBeVisible()
  await Promise.all([is(john, 'Ended'), dial(john, '702')])
  await press(mary, 'Do not disturb')
  await nobodyTalks(john, mary)
})

test('a missing microphone is said plainly, with what to do', async ({ telephones }) => {
  const john = await telephones.browser('john', JOHN, 'missing')
  await visit(john, '/self-care/phone')
  await expect(john.getByText(/^Ready: extension/)).toBeVisible()
  await dial(john, '702')
  await expect(john.getByRole('alert').getByText('There is no microphone. Plug one in')).toBeVisible()
  await nobodyTalks(john)
})

test('a denied microphone is said plainly, with what to do', async ({ telephones }) => {
  const john = await telephones.browser('john', JOHN, 'denied')
  await visit(john, '/self-care/phone')
  await expect(john.getByText(/^Ready: extension/)).toBeVisible()
  await dial(john, '702')
  await expect(john.getByRole('alert').getByText(/may not use the microphone. Allow it/)).toBeVisible()
  await nobodyTalks(john)
})
