// Call supervision: the provider turns it on, the customer says who may supervise whom (PRODUCT §1, "Who may").

import type { Locator, Page } from '@playwright/test'
import { idOf } from '../support/pages.ts'
import { choose, fact, field, isWrong, openFromList, openTab, pick, postByHand, press, save } from '../support/steps.ts'
import { expect, test, told, usable, visit } from '../support/test.ts'

test('the administrator turns call supervision off and on, and everybody concerned is told', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'ABC')
  await openTab(admin, 'Customer', 'Services > Voice calls')
  const toggle = admin.getByRole('switch', { name: 'Call supervision', exact: true })
  await expect(toggle).toHaveAttribute('aria-checked', 'true')
  await press(toggle)
  await told(admin, 'Call supervision: Off')

  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Support')
  const off = abc.getByText('Call supervision is off for the company, so nobody may supervise at present.')
  await expect(off).toBeVisible()
  const adam = await as('adam')
  await visit(adam, '/self-care/codes')
  await expect(adam.getByText('Call supervision is off for your company.')).toBeVisible()
  await expect(adam.getByRole('row', { name: /Spy prefix/ })).toContainText('Off')

  await press(toggle)
  await told(admin, 'Call supervision: On')
  await abc.reload()
  await usable(abc)
  await expect(off).toBeHidden()
  await adam.reload()
  await expect(adam.getByRole('row', { name: /Spy prefix/ })).toContainText('Works')
})

test('the administrator chooses the notice of each mode, and goes back to the default', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Services > Voice calls')
  const notices = [
    ['Notice in spy', 'Tone to the agent'],
    ['Notice in whisper', 'Spoken notice to the agent'],
    ['Notice in barge-in', 'Spoken notice to both parties'],
  ] as const
  for (const [mode, notice] of notices) {
    await expect(admin.getByRole('combobox', { name: mode })).toHaveValue('silent')
    await choose(admin, mode, notice)
    await told(admin, `${mode}: ${notice}`)
  }
  await admin.reload()
  await usable(admin)
  for (const [mode, notice] of notices) {
    await expect(admin.getByRole('combobox', { name: mode }).locator('option:checked')).toHaveText(notice)
  }

  const panda = await as('panda')
  await visit(panda, '/self-care/company')
  await expect(panda.getByRole('combobox', { name: 'Notice in spy' })).toHaveValue('tone_to_agent')

  const spy = admin.locator('.setting').filter({ has: admin.getByText('Notice in spy', { exact: true }) })
  await expect(spy).toContainText('Set here; the default is “Silent”')
  await spy.getByRole('button', { name: 'Use the default' }).click()
  await told(admin, 'Notice in spy: no value of its own any more')
  await expect(admin.getByRole('combobox', { name: 'Notice in spy' })).toHaveValue('silent')
})

test('the customer sees the toggle and cannot change it; an account does not see it at all', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/company')
  const toggle = abc.getByRole('switch', { name: 'Call supervision', exact: true })
  await expect(toggle).toBeDisabled()
  await expect(abc.getByRole('combobox', { name: 'Notice in whisper' })).toBeDisabled()

  const customer = await idOf({ list: '/admin/customers', name: 'ABC' }, await as('admin'))
  const off = { customer, setting: 'call_supervision', was: 'on', value: 'off' }
  const refused = await postByHand(abc, '/api/setting_save', off)
  expect(refused.status()).toBe(403)
  expect(await refused.text()).toContain('Call supervision')
  await abc.reload()
  await expect(toggle).toHaveAttribute('aria-checked', 'true')

  const john = await as('john')
  for (const path of ['/self-care/company', '/self-care/huntgroups']) {
    const answer = await john.goto(path)
    expect(answer?.status(), path).toBe(403)
    await expect(john.getByRole('heading', { level: 1 })).toHaveText('Not permitted')
    await expect(john.getByText('Call supervision', { exact: true })).toHaveCount(0)
  }
  expect((await postByHand(john, '/api/setting_save', off)).status()).toBeGreaterThanOrEqual(403)
})

test('the customer marks another member “Supervision allowed”, and takes the mark away', async ({ as }) => {
  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Support')
  await expect(fact(abc, 'Adam (701)')).toHaveText('may supervise John (744) and Olivia (745)')
  const allowed = mark(abc, 'Olivia 745', 'Supervision allowed')
  await press(allowed)
  await told(abc, 'Olivia may supervise the others now')
  await expect(fact(abc, 'Olivia (745)')).toHaveText('may supervise Adam (701) and John (744)')

  const olivia = await as('olivia')
  await visit(olivia, '/self-care/codes')
  await expect(olivia.getByRole('row', { name: /Spy prefix/ })).toContainText('Works')

  await press(allowed)
  await told(abc, 'Olivia may not supervise any more')
  await expect(fact(abc, 'Olivia (745)')).toHaveCount(0)
  await olivia.reload()
  await expect(olivia.getByRole('row', { name: /Spy prefix/ })).toContainText('For managers')
})

test('“Never supervise” protects a member in every group', async ({ as }) => {
  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Sales')
  const never = mark(abc, 'Olivia 745', 'Never supervise')
  await press(never)
  await told(abc, 'Nobody may supervise Olivia now')
  await expect(abc.getByText('Never supervised: Olivia (745).')).toBeVisible()

  const again = await as('abc')
  await openFromList(again, '/self-care/huntgroups', 'Support')
  await expect(fact(again, 'Adam (701)')).toHaveText('may supervise John (744)')
  await press(never)
  await told(abc, 'Olivia is no longer protected')
})

test('the customer puts members in order, takes one out and adds one', async ({ as }) => {
  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Sales')
  await expect.poll(() => order(abc)).toEqual(['Olivia', 'Peter'])
  await expect(abc.getByRole('button', { name: 'Move Olivia up' })).toBeDisabled()
  await abc.getByRole('button', { name: 'Move Olivia down' }).click()
  await told(abc, 'Olivia is number 2 now')
  await expect.poll(() => order(abc)).toEqual(['Peter', 'Olivia'])

  await abc.getByRole('button', { name: 'Remove Peter from the group' }).click()
  await told(abc, 'Peter is no member any more')
  await expect.poll(() => order(abc)).toEqual(['Olivia'])

  await abc.getByLabel('Find an extension').fill('pet')
  const find = abc.getByRole('button', { name: 'Find', exact: true })
  if (await find.isVisible()) await find.click()
  const found = abc.getByRole('list', { name: 'Extensions that can be added' })
  await expect(found.getByRole('listitem')).toHaveCount(1)
  await found.getByRole('button', { name: 'Add Peter to the group' }).click()
  await told(abc, 'Peter is a member now')
  await expect.poll(() => order(abc)).toEqual(['Olivia', 'Peter'])
})

test('the customer chooses the ring strategy and the ring time; one that cannot be is refused', async ({ as }) => {
  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Support')
  await pick(abc, 'Random')
  const time = field(abc, 'Ring time')
  await time.fill('4')
  await save(abc)
  await isWrong(time, 'Enter a whole number from 5 to 120')
  await expect(time).toHaveValue('4')
  await expect(abc.getByRole('radio', { name: 'Random' })).toBeChecked()
  await time.fill('35')
  await save(abc)
  await told(abc, 'Huntgroup saved')
  await visit(abc, '/self-care/huntgroups')
  await expect(abc.getByRole('row', { name: /Support/ })).toContainText(/Random\s*35 s/)
})

test('the customer adds a huntgroup and deletes it; a taken number is refused', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/huntgroups')
  await abc.getByRole('link', { name: 'Add huntgroup' }).click()
  await usable(abc)
  await field(abc, 'Name').fill('Night shift')
  await field(abc, 'Number').fill('744')
  await save(abc, 'Add huntgroup')
  await isWrong(field(abc, 'Number'), 'choose another')
  await expect(field(abc, 'Name')).toHaveValue('Night shift')
  await field(abc, 'Number').fill('7720')
  await save(abc, 'Add huntgroup')
  await told(abc, 'Huntgroup Night shift added. Now choose its members.')
  await expect(abc.getByText('No members yet')).toBeVisible()

  await abc.locator('summary').filter({ hasText: 'Delete huntgroup' }).click()
  const question = abc.getByRole('dialog', { name: 'Delete the huntgroup Night shift?' })
  await expect(question).toContainText('Calls to 7720 reach nobody then')
  await question.getByRole('button', { name: 'Delete', exact: true }).click()
  await told(abc, 'Huntgroup deleted')
  await expect(abc).toHaveURL('/self-care/huntgroups')
  await expect(abc.getByRole('link', { name: 'Night shift' })).toHaveCount(0)
})

function mark(page: Page, member: string, name: string): Locator {
  return page.getByRole('group', { name: member }).getByRole('switch', { name })
}

/** The members' names, from top to bottom. */
async function order(page: Page): Promise<string[]> {
  return page.getByRole('list', { name: 'Members' }).locator('strong').allInnerTexts()
}
