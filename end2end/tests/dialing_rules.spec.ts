// Codes can be changed (PRODUCT §1): by the customer, who has the dialing rules option, and by the provider.

import type { Page } from '@playwright/test'
import { idOf } from '../support/pages.ts'
import { choose, confirm, fact, field, isWrong, openFromList, openTab, pick, postByHand, row, save } from '../support/steps.ts'
import { expect, test, told, usable, visit, withWasm } from '../support/test.ts'

const CUSTOM = [
  ['Spy prefix', '*21'],
  ['Whisper prefix', '*22'],
  ['Barge-in prefix', '*23'],
  ['Switch to spy', '1'],
  ['Switch to whisper', '2'],
  ['Switch to barge-in', '3'],
] as const

test('the customer switches to a custom rule with *21 *22 *23 and 1 2 3, and its phones have it', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/dialing-rules')
  await pick(abc, 'Custom rule')
  for (const [name, code] of CUSTOM) await field(abc, name).fill(code)
  await save(abc)
  await told(abc, 'Your custom rule is in effect.')

  await abc.reload()
  await usable(abc)
  await expect(abc.getByRole('radio', { name: 'Custom rule' })).toBeChecked()
  for (const [name, code] of CUSTOM) await expect(field(abc, name)).toHaveValue(code)
  await dial(abc, '*22744')
  await expect(abc.getByText('joins the live call of extension 744.')).toBeVisible()
  await expect(abc.getByText('Then 1 switches to spy, 2 to whisper and 3 to barge-in.')).toBeVisible()

  const adam = await as('adam')
  await visit(adam, '/self-care/codes')
  await expect(adam.getByText('From the custom rule that the customer wrote in self-care.')).toBeVisible()
  for (const [name, code] of CUSTOM) await expect(row(adam, name)).toContainText(code)
  await expect(row(adam, 'Start recording')).toContainText('*44')

  await pick(abc, 'Default rule')
  await save(abc)
  await told(abc, 'The default rule is in effect. Your custom codes are kept for later.')
  await adam.reload()
  await expect(row(adam, 'Spy prefix')).toContainText('*90 + extension')
  await abc.reload()
  await usable(abc)
  await pick(abc, 'Custom rule')
  await expect(field(abc, 'Spy prefix')).toHaveValue('*21')
})

test('codes that would be mistaken for each other are refused beside the field, and nothing typed is lost', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/dialing-rules')
  await pick(abc, 'Custom rule')
  const [spy, whisper] = [field(abc, 'Spy prefix'), field(abc, 'Whisper prefix')]
  const [toWhisper, stop] = [field(abc, 'Switch to whisper'), field(abc, 'Stop recording')]
  await spy.fill('*71')
  await field(abc, 'Barge-in prefix').fill('*73')
  const wrong = [
    ['*71', 'is already “Spy prefix”; choose another.'],
    ['*7', 'This is the start of “'],
    ['*712', '“Spy prefix” (*71) is the start of this code and would be taken for it; choose another.'],
    ['', 'Enter '],
    ['*7x', 'cannot be dialled; use only '],
    ['72', 'Begin the code with * or #'],
  ] as const
  for (const [code, words] of wrong) {
    await whisper.fill(code)
    await save(abc)
    await isWrong(whisper, words)
    await expect(whisper).toHaveValue(code)
    await expect(spy).toHaveValue('*71')
    await expect(abc.getByRole('radio', { name: 'Custom rule' })).toBeChecked()
  }
  await whisper.fill('*72')
  await toWhisper.fill('12')
  await stop.fill('*44')
  await save(abc)
  await isWrong(toWhisper, 'Enter one key only; this has 2.')
  if (!withWasm()) await isWrong(stop, '*44 is already “Start recording”; choose another.')
  await toWhisper.fill('9')
  await save(abc)
  await isWrong(stop, '*44 is already “Start recording”; choose another.')
  await expect(toWhisper).not.toHaveAttribute('aria-invalid', 'true')

  const john = await as('john')
  await visit(john, '/self-care/codes')
  await expect(row(john, 'Spy prefix')).not.toContainText('*71')
})

test('a customer without the option reads its codes, and cannot write others', async ({ as }) => {
  const panda = await as('panda')
  await visit(panda, '/self-care/dialing-rules')
  await expect(panda.getByText('Your provider can turn on the dialing rules option')).toBeVisible()
  await expect(fact(panda, 'Barge-in prefix')).toHaveText('*92')
  await expect(panda.getByRole('radio')).toHaveCount(0)
  const refused = await postByHand(panda, '/api/dialing_choice_save', { version: '1', rule: 'custom', spy_prefix: '*81' })
  expect(refused.status()).toBe(422)
})

test('the administrator makes a rule, asks what a number does, and gives the rule to a customer and an account', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/dialing-rules')
  await admin.getByRole('link', { name: 'Add dialing rule' }).click()
  await usable(admin)
  await dial(admin, '*92744')
  await expect(admin.getByText('joins the live call of extension 744.')).toBeVisible()
  await field(admin, 'Name').fill('Night codes')
  await field(admin, 'Spy prefix').fill('*92')
  await save(admin, 'Add dialing rule')
  await isWrong(field(admin, 'Spy prefix'), '*92 is already “Barge-in prefix”; choose another.')
  await expect(field(admin, 'Name')).toHaveValue('Night codes')
  await field(admin, 'Spy prefix').fill('*81')
  await save(admin, 'Add dialing rule')
  await told(admin, 'Dialing rule added')
  await expect(admin.getByText('It is not assigned to any customer or account.')).toBeVisible()
  for (const [number, answer] of [
    ['*81744', 'joins the live call of extension 744.'],
    ['*81', 'an extension is missing.'],
    ['*44', 'This code means something during a call only.'],
    ['112', 'calls the emergency services (112).'],
    ['744', 'calls the extension or huntgroup 744.'],
  ] as const) {
    await dial(admin, number)
    await expect(admin.getByText(answer)).toBeVisible()
  }
  const rule = new URL(admin.url()).pathname

  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Services > Voice calls')
  await choose(admin, 'Dialing rule', 'Night codes')
  await told(admin, 'Dialing rule assigned')
  await expect(admin.getByText('From the dialing rule “Night codes”, assigned to the customer.')).toBeVisible()
  await expect(fact(admin, 'Spy prefix')).toHaveText('*81')

  await openFromList(admin, '/admin/accounts?q=Peter', 'Peter')
  await admin.getByRole('combobox', { name: 'Dialing rule' }).selectOption({ label: 'Night codes' })
  await save(admin)
  await told(admin, 'Account saved')
  const peter = await as('peter')
  await visit(peter, '/self-care/codes')
  await expect(peter.getByText('From the dialing rule “Night codes” of this account.')).toBeVisible()
  await expect(row(peter, 'Spy prefix')).toContainText('*81 + extension')

  await visit(admin, rule)
  await expect(admin.getByText('This dialing rule is in use.')).toBeVisible()
  await expect(admin.locator('summary').filter({ hasText: 'Delete' })).toHaveCount(0)
  await expect(admin.getByRole('link', { name: 'Panda' })).toBeVisible()
  await expect(admin.getByRole('link', { name: 'Peter' })).toBeVisible()
  const version = await admin.locator('input[name=version]').first().inputValue()
  const refused = await postByHand(admin, '/api/dialing_rule_delete', { id: rule.split('/').pop() ?? '', version })
  expect(refused.status()).toBe(422)
  expect(await refused.text()).toContain('Give them another first.')

  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Services > Voice calls')
  await choose(admin, 'Dialing rule', 'Default PBX codes')
  await told(admin, 'Dialing rule assigned')
  await openFromList(admin, '/admin/accounts?q=Peter', 'Peter')
  await admin.getByRole('combobox', { name: 'Dialing rule' }).selectOption({ label: 'As the customer' })
  await save(admin)
  await told(admin, 'Account saved')
  await visit(admin, rule)
  await confirm(admin, 'Delete dialing rule', 'Delete the dialing rule “Night codes”?', 'Delete dialing rule')
  await told(admin, 'Dialing rule deleted')
  await expect(admin.getByRole('link', { name: 'Night codes' })).toHaveCount(0)
})

test('nobody deletes the default rule', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/dialing-rules', 'Default PBX codes')
  await expect(admin.locator('summary').filter({ hasText: 'Delete' })).toHaveCount(0)
  const version = await admin.locator('input[name=version]').first().inputValue()
  const id = await idOf({ list: '/admin/dialing-rules', name: 'Default PBX codes' }, admin)
  const refused = await postByHand(admin, '/api/dialing_rule_delete', { id, version })
  expect(refused.status()).toBe(422)
  expect(await refused.text()).toContain('built in')
})

/** Asks what a number does. */
async function dial(page: Page, number: string) {
  const input = page.locator('form', { has: page.locator('[name=dial]') })
  await input.getByRole('textbox', { name: 'Number' }).fill(number)
  if (!withWasm()) await input.getByRole('button', { name: 'Explain' }).click()
}
