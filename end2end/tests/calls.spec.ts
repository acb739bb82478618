// What is kept of calls: the list with its filters, one call with its signalling, public numbers. The demonstration begins with
// a history of its own; nobody calls here.

import { confirm, field, isWrong, openFromList, openTab, row, save } from '../support/steps.ts'
import { expect, test, told, visit } from '../support/test.ts'

test('calls are found by direction, answer, result, day and words', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/xdrs')
  await expect(admin.getByText('9 calls')).toBeVisible()
  for (const [query, found] of [
    ['direction=internal', '3 calls'],
    ['answered=no', '3 calls'],
    ['cause=busy', '1 call'],
    ['direction=incoming&answered=yes', '3 calls'],
    ['customer=abc', '9 calls'],
    ['q=%2B32+475+55', '3 calls'],
    ['q=support', '3 calls'],
  ] as const) {
    await visit(admin, `/admin/xdrs?${query}`)
    await expect(admin.getByText(found, { exact: true }), query).toBeVisible()
  }
  await visit(admin, '/admin/xdrs?customer=panda')
  await expect(admin.getByText('No calls match')).toBeVisible()
  await visit(admin, '/admin/xdrs?from=2030-01-01')
  await expect(admin.getByText('No calls match')).toBeVisible()
})

test('one call tells how it went, how it sounded, and which messages were exchanged', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/xdrs?q=702&answered=yes')
  await row(admin, 'Mary Smith').getByRole('link').click()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('John → Mary Smith')
  await expect(row(admin, 'From the caller')).toContainText('4.4 Good')
  await admin.getByText('+0.000').click()
  await expect(admin.getByText('INVITE sip:702@tandem.example SIP/2.0').first()).toBeVisible()
  await visit(admin, '/admin/xdrs?cause=busy')
  await row(admin, 'Busy').getByRole('link').click()
  await expect(admin.getByText('There is no signalling of this call')).toBeVisible()
})

test('a company sees its calls, an account its own, and neither the signalling', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/history')
  await expect(abc.getByText('9 calls')).toBeVisible()
  await abc.locator('tbody').getByRole('link').first().click()
  await expect(abc.getByRole('heading', { level: 1 })).toHaveText('John → Mary Smith')
  await expect(abc.getByText('SIP ladder')).toHaveCount(0)
  const address = new URL(abc.url()).pathname
  const olivia = await as('olivia')
  await visit(olivia, '/self-care/history')
  await expect(olivia.getByText('2 calls')).toBeVisible()
  expect((await olivia.request.get(address)).status()).toBe(404)
  const panda = await as('panda')
  await visit(panda, '/self-care/history')
  await expect(panda.getByText('No calls yet')).toBeVisible()
  expect((await panda.request.get(address)).status()).toBe(404)
})

test('the provider gives a customer a public number and takes it away again', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Public numbers')
  await admin.getByRole('link', { name: 'Add number' }).first().click()
  await field(admin, 'Number').fill('+32 2 555 08 01')
  await field(admin, 'Rings extension').fill('899')
  await save(admin, 'Add number')
  await isWrong(field(admin, 'Rings extension'), 'Nobody has the extension 899')
  await field(admin, 'Rings extension').fill('801')
  await save(admin, 'Add number')
  await told(admin, '+3225550801 rings 801 now')

  const panda = await as('panda')
  await visit(panda, '/self-care/numbers')
  await expect(row(panda, '+3225550801')).toContainText('801')

  await row(admin, '+3225550801').getByRole('link').click()
  await confirm(admin, 'Remove number', 'Remove +3225550801?', 'Remove')
  await told(admin, '+3225550801 removed')
  await expect(admin.getByText('No public numbers yet')).toBeVisible()
})
