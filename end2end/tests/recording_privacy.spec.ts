// Recording privacy (PRODUCT §2): only whose access role permits it sees the option.

import { idOf } from '../support/pages.ts'
import { field, openFromList, openTab, postByHand, press, row, save } from '../support/steps.ts'
import { expect, test, told, usable, visit } from '../support/test.ts'

const OPTION = 'Show the call recording to myself only'

test('the administrator makes a role for recording privacy; John sees the option, Olivia does not', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/self-care/recording')
  await expect(john.getByRole('switch', { name: 'Send my call recordings via email' })).toBeVisible()
  await expect(john.getByText(OPTION)).toHaveCount(0)

  const admin = await as('admin')
  await openFromList(admin, '/admin/roles', /^Account$/)
  await admin.getByRole('link', { name: 'Copy', exact: true }).click()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Add access role')
  await usable(admin)
  await field(admin, 'Name').fill('Private recordings')
  const name = 'Account > Call recording > Show the call recording to account only'
  const permission = admin.getByRole('combobox', { name })
  await expect(permission.locator('option:checked')).toHaveText('Forbidden')
  await permission.selectOption({ label: 'Modify' })
  await save(admin, 'Add access role')
  await told(admin, 'Access role added')
  await expect(permission.locator('option:checked')).toHaveText('Modify')
  await expect(admin.getByText('Nobody has this role yet.')).toBeVisible()
  const role = new URL(admin.url()).pathname

  await openFromList(admin, '/admin/accounts?q=John', 'John')
  await admin.getByRole('combobox', { name: 'Access role' }).selectOption({ label: 'Private recordings' })
  await save(admin)
  await told(admin, 'Account saved')
  await visit(admin, role)
  await expect(admin.getByRole('link', { name: 'John' })).toBeVisible()

  await john.reload()
  await usable(john)
  const option = john.getByRole('switch', { name: OPTION })
  await expect(option).toHaveAttribute('aria-checked', 'false')
  await press(option)
  await told(john, `${OPTION}: On`)
  await john.reload()
  await usable(john)
  await expect(option).toHaveAttribute('aria-checked', 'true')

  await openFromList(admin, '/admin/accounts?q=John', 'John')
  await openTab(admin, 'Account', 'Services')
  const stored = admin.getByRole('switch', { name: 'Show the call recording to account only' })
  await expect(stored).toHaveAttribute('aria-checked', 'true')

  const abc = await as('abc')
  await openFromList(abc, '/self-care/extensions', 'John')
  await openTab(abc, 'Account', 'Services')
  await expect(abc.getByRole('switch', { name: 'Send the call recording via email' })).toBeVisible()
  await expect(abc.getByText('Show the call recording to account only')).toHaveCount(0)

  const olivia = await as('olivia')
  await visit(olivia, '/self-care/recording')
  await expect(olivia.getByRole('switch', { name: 'Send my call recordings via email' })).toBeVisible()
  await expect(olivia.getByText(OPTION)).toHaveCount(0)
})

test('what Olivia posts by hand past her role is refused, and stands in the audit log', async ({ as }) => {
  const admin = await as('admin')
  const customer = await idOf({ list: '/admin/customers', name: 'ABC' }, admin)
  const account = await idOf({ list: '/admin/accounts?q=Olivia', name: 'Olivia' }, admin)
  const olivia = await as('olivia')
  await visit(olivia, '/self-care/recording')
  const setting = 'record_account_only'
  const answer = await postByHand(olivia, '/api/setting_save', { customer, account, setting, was: 'inherited', value: 'on' })
  expect(answer.status()).toBe(403)
  expect(await answer.text()).toContain('Show the call recording to account only')

  await visit(admin, '/admin/audit?kind=request&who=olivia')
  const line = row(admin, 'setting_save')
  await expect(line).toHaveCount(1)
  for (const words of ['olivia', '127.0.0.1', 'refused', 'Show the call recording to account only', '403']) {
    await expect(line).toContainText(words, { ignoreCase: true })
  }
  await openFromList(admin, '/admin/accounts?q=Olivia', 'Olivia')
  await openTab(admin, 'Account', 'Services')
  const stored = admin.getByRole('switch', { name: 'Show the call recording to account only' })
  await expect(stored).toHaveAttribute('aria-checked', 'false')
})
