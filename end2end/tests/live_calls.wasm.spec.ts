// Real calls, made by the demonstration's people over SIP, seen in the browser while they happen: nothing is reloaded.

import { confirm } from '../support/steps.ts'
import { expect, test, visit } from '../support/test.ts'

/** Calls begin within seconds of the start; a busy machine takes longer. */
const SOON = { timeout: 30_000 }

test('calls appear by themselves, are looked into, ended, and on record at once', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/calls')
  const answered = admin.getByRole('row').filter({ hasText: 'Answered' }).filter({ hasText: 'via Support' })
  await expect(answered.first()).toBeVisible(SOON)

  // Another window looks at the records meanwhile.
  const records = await admin.context().newPage()
  await visit(records, '/admin/xdrs?answered=yes')
  const before = await records.getByRole('row').count()

  // Time goes on.
  const duration = answered.first().getByRole('cell').last()
  const shown = await duration.innerText()
  await expect(duration).not.toHaveText(shown)

  await answered.first().getByRole('link').first().click()
  await expect(admin.getByRole('heading', { name: 'SIP ladder' })).toBeVisible()
  await expect(admin.getByText('INVITE').first()).toBeVisible()
  await expect(admin.getByText('200 OK').first()).toBeVisible()
  await confirm(admin, 'End the call', /./, 'End the call')
  await expect(admin.getByText('BYE', { exact: true }).first()).toBeVisible(SOON)
  await expect.poll(() => records.getByRole('row').count(), SOON).toBeGreaterThan(before)
})

test('a company sees its own calls and phones, and nobody else sees them', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/calls')
  await expect(abc.getByRole('row').filter({ hasText: 'Answered' }).first()).toBeVisible(SOON)
  const panda = await as('panda')
  await visit(panda, '/self-care/calls')
  await expect(panda.getByRole('row').filter({ hasText: 'Answered' })).toHaveCount(0)
  const admin = await as('admin')
  await visit(admin, '/admin/registrations')
  await expect(admin.getByRole('row').filter({ hasText: 'abc745' })).toBeVisible(SOON)
})
