// What is typed into a form while it is on its way to the server, and until the page's data has come anew: none of it is lost,
// and nothing that was sent stays behind.

import type { Locator } from '@playwright/test'
import { field, hold, openFromList, openTab, pick, press, save, secret } from '../support/steps.ts'
import { answered, expect, rendered, test, told, usable, visit } from '../support/test.ts'

test('what is typed while a form is saved, and until its data has come anew, stays, and can be saved then', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  const [mail, balance] = [field(admin, 'E-mail'), admin.getByRole('combobox', { name: 'Balance' })]
  const button = admin.getByRole('button', { name: 'Save changes' })
  const letSave = await hold(admin, '**/api/customer_save')
  const letRead = await hold(admin, '**/api/customer_read')
  await mail.fill('sent@panda.example')
  await button.click()
  await mail.fill('typed@panda.example')
  letSave()
  await told(admin, 'Customer saved')
  await balance.selectOption({ label: 'Prepaid' })
  // An edit of what was stored before would be a conflict with one's own.
  await expect(button).toBeDisabled()
  await expect(admin.getByText('Saving…')).toBeVisible()
  letRead()
  await expect(button).toBeEnabled()
  await expect(admin.getByText('You have unsaved changes.')).toBeVisible()
  await expect(mail).toHaveValue('typed@panda.example')
  await expect(balance.locator('option:checked')).toHaveText('Prepaid')

  await balance.selectOption({ label: 'Postpaid' })
  await save(admin)
  await expect(button).toBeDisabled()
  await admin.reload()
  await usable(admin)
  await expect(mail).toHaveValue('typed@panda.example')
})

test('what is chosen while a role is saved is chosen still, the last of several, and whoever follows a choice is told', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/roles/new')
  const [name, audience] = [field(admin, 'Name'), admin.getByRole('combobox', { name: 'For', exact: true })]
  await name.fill('Chosen meanwhile')
  await audience.selectOption({ label: 'Accounts' })
  await pick(admin, 'Modify')
  await admin.getByRole('button', { name: 'Add access role' }).click()
  await told(admin, 'Access role added')
  await usable(admin)
  const letSave = await hold(admin, '**/api/role_save')
  await name.fill('Chosen while saved')
  await admin.getByRole('button', { name: 'Save changes' }).click()
  await audience.selectOption({ label: 'Customers' })
  // The one that comes first on the page is chosen last.
  await pick(admin, 'View only')
  await pick(admin, 'Forbidden')
  // One that there is for these people alone.
  const level = admin.getByRole('combobox', { name: 'Customer', exact: true })
  await level.selectOption({ label: 'Modify' })
  letSave()
  await told(admin, 'Access role saved')
  await answered(admin)
  await expect(audience.locator('option:checked')).toHaveText('Customers')
  await expect(admin.getByRole('radio', { name: 'Forbidden', exact: true })).toBeChecked()
  await expect(admin.getByText('You have unsaved changes.')).toBeVisible()
  await save(admin)
  await expect(admin.getByRole('button', { name: 'Save changes' })).toBeDisabled()
  await admin.reload()
  await usable(admin)
  await expect(name).toHaveValue('Chosen while saved')
  await expect(audience.locator('option:checked')).toHaveText('Customers')
  await expect(admin.getByRole('radio', { name: 'Forbidden', exact: true })).toBeChecked()
  await expect(level.locator('option:checked')).toHaveText('Modify')
})

test('passwords that were changed while the page was made anew do not stay in their fields', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/profile')
  const done = { toast: 'Password changed. Other sessions have ended.', go: null, undo: null }
  const letChange = await hold(john, '**/api/password_change', (route) => route.fulfill({ json: done }))
  for (const name of ['Current password', 'New password', 'New password again']) await secret(john, name).fill('four plain words')
  await secret(john, 'Current password').fill('three plain words')
  await john.getByRole('button', { name: 'Change password' }).click()
  const email = field(john, 'E-mail')
  const before = await email.inputValue()
  await email.fill('john.meanwhile@abc.example')
  await john.getByRole('button', { name: 'Save changes' }).first().click()
  await told(john, 'saved')
  await rendered(john)
  await expect(john.locator('form[aria-busy=true]').getByRole('button', { name: 'Change password' })).toBeVisible()
  letChange()
  await told(john, 'Password changed')
  for (const name of ['Current password', 'New password', 'New password again']) await expect(secret(john, name)).toHaveValue('')
  await email.fill(before)
  await save(john)
})

test('a switch that is pressed while the page is made anew shows what was pressed, all the way', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Services > Voice calls')
  const [incoming, outgoing] = ['incoming', 'outgoing'].map((calls) =>
    admin.getByRole('switch', { name: `Auto record ${calls} calls` }),
  ) as [Locator, Locator]
  const letRead = await hold(admin, '**/api/customer_voice_read')
  const read = admin.waitForResponse('**/api/customer_voice_read')
  await incoming.click()
  await told(admin, 'Auto record incoming calls: On')
  const letSave = await hold(admin, '**/api/setting_save')
  await outgoing.click()
  await expect(outgoing).toHaveAttribute('aria-checked', 'true')
  letRead()
  await (await read).finished()
  await rendered(admin)
  await expect(admin.locator('form[aria-busy=true]').getByRole('switch')).toHaveAccessibleName('Auto record outgoing calls')
  // Whatever it shows from now on is noted.
  await outgoing.evaluate((toggle) => {
    const shown: (string | null)[] = [toggle.getAttribute('aria-checked')]
    new MutationObserver(() => shown.push(toggle.getAttribute('aria-checked'))).observe(toggle, { attributes: true })
    Object.assign(window, { shown })
  })
  letSave()
  await told(admin, 'Auto record outgoing calls: On')
  await answered(admin)
  await rendered(admin)
  const shown = await admin.evaluate(() => (window as unknown as { shown: string[] }).shown)
  expect([...new Set(shown)]).toEqual(['true'])
  for (const toggle of [incoming, outgoing]) await press(toggle)
})
