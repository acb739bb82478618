// Nobody loses what they typed: to somebody else who saves first, to a session that ends, to the back button.

import { confirm, endSession, fact, field, isWrong, openFromList, row, save, secret, signIn } from '../support/steps.ts'
import { expect, test, told, usable, visit, withWasm } from '../support/test.ts'

test('two people edit one record: the second sees what changed, loses nothing, and may save over it', async ({ as }) => {
  const first = await as('admin')
  const second = await as('admin')
  for (const page of [first, second]) await openFromList(page, '/admin/customers', 'Panda')
  await field(first, 'E-mail').fill('first@panda.example')
  await save(first)
  await told(first, 'Customer saved')

  await field(second, 'Name').fill('')
  await save(second)
  await isWrong(field(second, 'Name'), 'Enter a name.')
  await field(second, 'Name').fill('Panda Ltd')
  await save(second)
  const banner = second.getByRole('alert').filter({ hasText: 'admin saved this while you were editing' })
  await expect(banner).toContainText('Nothing was overwritten; what you typed is still here.')
  await expect(banner.getByRole('row', { name: 'E-mail' })).toContainText(/office@panda\.example\s*first@panda\.example/)
  await expect(field(second, 'Name')).toHaveValue('Panda Ltd')
  await first.reload()
  await expect(field(first, 'Name')).toHaveValue('Panda')

  await banner.getByRole('button', { name: 'Save mine anyway' }).click()
  await told(second, 'Customer saved')
  await expect(banner).toHaveCount(0)
  await first.reload()
  await expect(field(first, 'Name')).toHaveValue('Panda Ltd')

  // And once more the other way round: what is stored is taken instead.
  await usable(first)
  await expect(second.getByRole('heading', { level: 1 })).toHaveText('Panda Ltd')
  await field(second, 'Name').fill('Panda')
  await save(second)
  // The toast of the save before may still be there: the name tells that this one is done.
  await expect(second.getByRole('heading', { level: 1 })).toHaveText('Panda')
  await told(second, 'Customer saved')
  await field(first, 'Name').fill('Bear')
  await save(first)
  await expect(first.getByRole('row', { name: 'Name' })).toContainText(/Panda Ltd\s*Panda/)
  await first.getByRole('link', { name: 'Take theirs' }).click()
  await expect(field(first, 'Name')).toHaveValue('Panda')
  await expect(first.getByRole('alert')).toHaveCount(0)
})

test('a toggle that somebody else has switched meanwhile is not switched back unawares', async ({ as }) => {
  const first = await as('admin')
  const second = await as('admin')
  const name = 'Play the call recording announcement to all'
  for (const page of [first, second]) {
    await openFromList(page, '/admin/accounts?q=Peter', 'Peter')
    await visit(page, `${new URL(page.url()).pathname}/services`)
  }
  await first.getByRole('switch', { name }).click()
  await told(first, `${name}: On`)
  await second.getByRole('switch', { name }).click()
  await told(second, `admin changed “${name}” meanwhile: it is “On” now. Nothing was overwritten.`)
  await expect(second.getByRole('switch', { name })).toHaveAttribute('aria-checked', 'true')
})

test('a session that ends in the middle of a form: sign in, then continue with what was typed', async ({ as }) => {
  const mary = await as('mary')
  await visit(mary, '/profile')
  await field(mary, 'Last name').fill('Smith-Jones')
  await endSession(mary)
  await save(mary)
  if (withWasm()) {
    const dialog = mary.getByRole('dialog', { name: 'Your session has ended' })
    await expect(dialog).toContainText('Sign in again to continue. What you typed is kept.')
    await secret(mary).fill('not it at all')
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await isWrong(secret(mary), 'wrong')
    await secret(mary).fill('tandem-demo')
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await expect(dialog).toBeHidden()
  } else {
    await expect(mary.getByText('Your session has ended. Sign in to continue; what you typed is kept.')).toBeVisible()
    await signIn(mary, 'mary', 'not it at all')
    await isWrong(secret(mary), 'wrong')
    await signIn(mary, 'mary')
    await expect(mary).toHaveURL('/profile')
    await expect(field(mary, 'Last name')).toHaveValue('Smith-Jones')
    await save(mary)
  }
  await told(mary, 'Profile saved')
  await mary.reload()
  await expect(field(mary, 'Last name')).toHaveValue('Smith-Jones')
})

test('a session that ends under a list leads to the sign-in page and back', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/customers')
  await endSession(admin)
  // A page of the same program: any other is loaded, and that leads to the sign-in page at once.
  await admin.getByRole('link', { name: 'Accounts', exact: true }).click()
  if (withWasm()) await admin.getByRole('link', { name: 'Sign in', exact: true }).click()
  await expect(admin.getByLabel('Sign-in name')).toBeVisible()
  await signIn(admin, 'admin')
  await expect(admin).toHaveURL('/admin/accounts')
})

test('a session that ends leads from a link to another program to the sign-in page and on', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/customers')
  await endSession(admin)
  await admin.getByRole('link', { name: 'Access roles' }).click()
  await expect(admin.getByLabel('Sign-in name')).toBeVisible()
  await signIn(admin, 'admin')
  await expect(admin).toHaveURL('/admin/roles')
})

test('back and forward go through lists, records and their tabs', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers?q=abc', 'ABC')
  const record = admin.url()
  await admin.getByRole('link', { name: 'Status', exact: true }).click()
  await expect(admin.getByRole('heading', { name: 'History', exact: true })).toBeVisible()
  await admin.goBack()
  await expect(admin).toHaveURL(record)
  await expect(field(admin, 'Name')).toHaveValue('ABC')
  await admin.goBack()
  await expect(admin).toHaveURL('/admin/customers?q=abc')
  await expect(row(admin, 'Panda')).toHaveCount(0)
  await expect(row(admin, 'ABC')).toBeVisible()
  await admin.goForward()
  await expect(field(admin, 'Name')).toHaveValue('ABC')
  await admin.goForward()
  await expect(admin).toHaveURL(`${record}/status`)
})

test('a record that somebody deleted meanwhile is told to be gone, with a way on', async ({ as }) => {
  const first = await as('admin')
  await visit(first, '/admin/classes/new')
  await field(first, 'Name').fill('Short-lived')
  await save(first, 'Add class')
  await told(first, 'Customer class added')
  const second = await as('admin')
  await visit(second, new URL(first.url()).pathname)
  await confirm(first, 'Delete class', 'Delete the class “Short-lived”?', 'Delete class')
  await told(first, 'Customer class deleted')
  await field(second, 'Name').fill('Longer-lived')
  await save(second)
  await expect(second.getByText('There is no such customer class.').first()).toBeVisible()
  await second.reload()
  await expect(second.getByRole('heading', { level: 1 })).toHaveText('Not found')
  await second.getByRole('link', { name: 'Go to the start page' }).click()
  await expect(second).toHaveURL('/admin')
  await expect(fact(second, 'Name')).toHaveCount(0)
})
