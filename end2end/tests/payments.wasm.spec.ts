// Payments that are followed without reloading, and what the administrator does with them.

import { CARDS, beginToPay, bill, ended, giveCard, pay, standIn } from '../support/payments.ts'
import { expect, told, test, visit } from '../support/test.ts'

test('a payment that takes its time is followed until the bank has answered', async ({ as }) => {
  const invoice = await bill(as, '21.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.good)
  await standIn(mary, 'processing', { next: 1, settle_after: 4000 })
  await pay(mary)
  await ended(mary, 'Still processing')
  await ended(mary, 'Paid')
})

test('the administrator adds, tests and turns off a payment system, and its secrets are never shown', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/payment-systems')
  await admin.getByRole('link', { name: 'Cards (stand-in for Stripe)' }).click()
  await expect(admin.getByLabel('Secret key')).toHaveValue('')
  await expect(admin.getByText('Set. Leave it empty to keep it.').first()).toBeVisible()
  await admin.getByRole('button', { name: 'Test the connection' }).click()
  await told(admin, 'takes the credentials')
  await admin.getByLabel('Secret key').fill('sk_live_wrong_mode')
  await admin.getByRole('button', { name: 'Save changes' }).click()
  await expect(admin.getByText('In test mode the secret key begins with sk_test_').first()).toBeVisible()
})

test('the administrator gives a part of a payment back, and adjusts a balance', async ({ as }) => {
  const mary = await as('mary')
  await beginToPay(mary, await bill(as, '24.00'))
  await giveCard(mary, CARDS.good)
  await pay(mary)
  await ended(mary, 'Paid')
  const admin = await as('admin')
  await visit(admin, '/admin/payments')
  await admin.getByRole('row').filter({ hasText: '€24.00' }).getByRole('link').click()
  await admin.getByLabel('Amount', { exact: true }).fill('4.00')
  await admin.getByLabel('Reason').fill('Too much work')
  await admin.locator('summary').filter({ hasText: 'Refund' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: 'Give back' }).click()
  await told(admin, '€4.00')
  await expect(admin.getByRole('table', { name: 'Refunds' })).toContainText('€4.00')
  await visit(admin, '/admin/transactions?check=1')
  await expect(admin.getByText('The ledger is right')).toBeVisible()
})
