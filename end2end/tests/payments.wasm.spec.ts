// Payments that are followed without reloading, and automatic payment from being turned on to the e-mail and back.

import { CARDS, answerBank, beginToPay, bill, ended, giveCard, pay, standIn } from '../support/payments.ts'
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

test('an automatic payment that the bank wants confirmed turns itself off, is told once, resumed, and turned on again', async ({ as }) => {
  const mary = await as('mary')
  await beginToPay(mary, await bill(as, '22.00'))
  await giveCard(mary, CARDS.alwaysAsks)
  await mary.getByLabel('Save this card').check()
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')

  const on = mary.getByRole('switch', { name: 'Pay automatically' })
  await visit(mary, '/self-care/auto-payment')
  await on.check()
  await mary.locator('label').filter({ hasText: 'When an invoice is issued' }).click()
  await mary.getByRole('button', { name: 'Save changes' }).click()
  await told(mary, 'Automatic payment is on')

  const invoice = await bill(as, '23.00')
  await expect(async () => {
    await visit(mary, '/self-care/auto-payment')
    await expect(mary.getByText('Turned off on')).toBeVisible({ timeout: 500 })
  }).toPass()
  await expect(on).not.toBeChecked()

  const abc = await as('abc')
  const letters = abc.getByRole('link', { name: /needs verification/ })
  await expect(async () => {
    await visit(abc, '/self-care/mailbox')
    await expect(letters).toHaveCount(1, { timeout: 500 })
  }).toPass()
  await letters.click()
  const text = (await abc.locator('.letter-text').textContent()) ?? ''
  const link = /http\S+\/resume/.exec(text)?.[0] ?? ''
  await visit(mary, new URL(link).pathname)
  await expect(mary.getByRole('heading', { level: 1, name: 'Go on paying' })).toBeVisible()
  await expect(mary.getByRole('radio', { name: /3184/ })).toBeChecked()
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
  await visit(mary, '/self-care/invoices')
  await expect(mary.getByRole('row').filter({ hasText: invoice })).toContainText('Paid')

  await visit(mary, '/self-care/auto-payment')
  await expect(on).not.toBeChecked()
  await on.check()
  await mary.getByRole('button', { name: 'Save changes' }).click()
  await told(mary, 'Automatic payment is on')
  await on.uncheck()
  await mary.getByRole('button', { name: 'Save changes' }).click()
  await told(mary, 'Automatic payment is off')
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
