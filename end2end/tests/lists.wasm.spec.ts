// What the browser adds to lists: they filter as one types, and are worked from the keyboard.

import { row } from '../support/steps.ts'
import { expect, test, visit } from '../support/test.ts'

test('a list filters as one types, and the address follows without filling the history', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin')
  await admin.getByRole('link', { name: 'Accounts', exact: true }).click()
  await expect(row(admin, 'Mary Smith')).toBeVisible()
  await admin.getByRole('searchbox').pressSequentially('oliv')
  await expect(row(admin, 'Mary Smith')).toHaveCount(0)
  await expect(row(admin, 'Olivia')).toBeVisible()
  await expect(admin).toHaveURL('/admin/accounts?q=oliv')
  await expect(admin.getByRole('searchbox')).toBeFocused()
  await admin.getByRole('searchbox').press('Backspace')
  await admin.getByRole('searchbox').fill('')
  await expect(row(admin, 'Mary Smith')).toBeVisible()
  await expect(admin).toHaveURL('/admin/accounts')
  await admin.goBack()
  await expect(admin).toHaveURL('/admin')
})

test('slash goes to the search, the arrows go through the rows, and Enter opens one', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/customers')
  await admin.keyboard.press('/')
  await expect(admin.getByRole('searchbox')).toBeFocused()
  await admin.keyboard.press('ArrowDown')
  await expect(admin.getByRole('link', { name: 'ABC' })).toBeFocused()
  await admin.keyboard.press('ArrowDown')
  await expect(admin.getByRole('link', { name: 'Panda' })).toBeFocused()
  await admin.keyboard.press('ArrowUp')
  await admin.keyboard.press('ArrowUp')
  await expect(admin.getByRole('searchbox')).toBeFocused()
  await admin.keyboard.press('ArrowDown')
  await admin.keyboard.press('Enter')
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('ABC')
})

test('the preview of a dialing rule follows what is typed, also codes that are not saved yet', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/dialing-rules/new')
  const number = admin.getByRole('textbox', { name: 'Number' })
  await number.pressSequentially('*81744')
  await expect(admin.getByText('the caller hears that the number is unknown.')).toBeVisible()
  await admin.getByRole('textbox', { name: 'Spy prefix' }).fill('*81')
  await expect(admin.getByText('joins the live call of extension 744.')).toBeVisible()
  await admin.getByRole('textbox', { name: 'Spy prefix' }).fill('*91')
  await expect(admin.getByText('mend them to see what a number does.')).toBeVisible()
})
