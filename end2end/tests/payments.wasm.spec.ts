// Payments that are followed without reloading, and what the administrator does with them.

import type { Page } from '@playwright/test'
import { CARDS, beginToPay, bill, ended, giveCard, invoiceIs, owes, pay, standIn } from '../support/payments.ts'
import { fact, field, hold, isWrong, openFromList, openTab, row, save } from '../support/steps.ts'
import { answered, expect, rendered, told, test, visit } from '../support/test.ts'

test('a payment that takes its time is followed until the bank has answered', async ({ as }) => {
  const invoice = await bill(as, '21.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.good)
  await standIn(mary, 'processing', { next: 1, settle_after: 10_000 })
  await pay(mary)
  await ended(mary, 'Still processing')
  await ended(mary, 'Paid')
})

test('the administrator adds, tests and turns off a payment system, and its secrets are never shown', async ({ as }) => {
  const admin = await as('admin')
  const secret = admin.getByLabel('Secret key')

  // One that is there takes francs, too, and gives them up.
  await openFromList(admin, '/admin/payment-systems', 'Cards (stand-in for Stripe)')
  await admin.getByLabel('CHF').uncheck()
  await save(admin)
  await told(admin, 'Payment system saved')

  await visit(admin, '/admin/payment-systems')
  await admin.getByRole('link', { name: 'Add payment system' }).click()
  await field(admin, 'Name').fill('Cards in francs')
  await admin.getByLabel('EUR').uncheck()
  await admin.getByLabel('CHF').check()
  await admin.getByRole('switch', { name: 'Active' }).click()
  await admin.getByLabel('Publishable key').fill('pk_test_tandem')
  await secret.fill('sk_live_wrong_mode')
  await save(admin, 'Add payment system')
  await expect(admin.getByText('In test mode the secret key begins with sk_test_').first()).toBeVisible()
  await expect(field(admin, 'Name')).toHaveValue('Cards in francs')
  await secret.fill('sk_test_nobody')
  await save(admin, 'Add payment system')
  await expect(admin.getByRole('heading', { level: 1, name: 'Cards in francs' })).toBeVisible()

  // A key of the right form that the processor does not know: its own words.
  await admin.getByRole('button', { name: 'Test the connection' }).click()
  await told(admin, 'Invalid API Key provided')
  await secret.fill('sk_test_tandem')
  await save(admin)
  await told(admin, 'Payment system saved')
  await expect(secret).toHaveValue('')
  await expect(admin.getByText('Set. Leave it empty to keep it.').first()).toBeVisible()
  expect(await admin.content()).not.toContain('sk_test_tandem')
  await admin.getByRole('button', { name: 'Test the connection' }).click()
  await told(admin, 'takes the credentials (test mode)')

  // What was said until now is gone, and nothing is on its way.
  await visit(admin, admin.url())
  await admin.getByRole('switch', { name: 'Active' }).click()
  await save(admin)
  await told(admin, 'Payment system saved')
  await visit(admin, '/admin/payment-systems')
  await expect(row(admin, 'Cards in francs')).toContainText('Off')
  await expect(row(admin, 'Cards in francs')).toContainText('CHF')
})

test('a key that is saved while the page loads anew does not stay in its field', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/payment-systems', 'Cards (stand-in for Stripe)')
  const letRead = await hold(admin, '**/api/payment_system_read')
  const letSave = await hold(admin, '**/api/payment_system_save')
  await admin.getByRole('button', { name: 'Test the connection' }).click()
  await told(admin, 'takes the credentials (test mode)')
  const secret = admin.getByLabel('Secret key')
  await secret.fill('sk_test_tandem')
  const button = admin.getByRole('button', { name: 'Save changes' })
  await button.click()
  await expect(admin.locator('form[aria-busy=true]')).toHaveCount(1)
  const read = admin.waitForResponse('**/api/payment_system_read')
  letRead()
  await (await read).finished()
  // The form is made anew, within frames, and waits for what is on its way.
  await rendered(admin)
  await expect(button).toBeDisabled()
  await expect(admin.locator('form[aria-busy=true]')).toHaveCount(1)
  letSave()
  await told(admin, 'Payment system saved')
  await expect(secret).toHaveValue('')
  await expect(admin.getByText('You have unsaved changes.')).toHaveCount(0)
})

/** Gives a part of the payment back whose page is open. */
async function giveBack(admin: Page, amount: string, reason: string): Promise<void> {
  await admin.getByLabel('Amount', { exact: true }).fill(amount)
  await admin.getByLabel('Reason').fill(reason)
  await admin.locator('summary').filter({ hasText: 'Refund' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: 'Give back' }).click()
  await told(admin, `€${amount}`)
  await expect(admin.getByRole('table', { name: 'Refunds' }).getByRole('row').filter({ hasText: reason })).toContainText(`€${amount}`)
}

/** The ledger has found nothing wrong. */
async function ledgerIsRight(admin: Page): Promise<void> {
  await visit(admin, '/admin/transactions?check=1')
  await expect(admin.getByText('The ledger is right')).toBeVisible()
}

test('the administrator gives parts of a payment back, and the customer finds them, and owes what it owes again', async ({ as }) => {
  const mary = await as('mary')
  const invoice = await bill(as, '24.00')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.good)
  await pay(mary)
  await ended(mary, 'Paid')
  const before = await owes(mary)
  const admin = await as('admin')
  await visit(admin, '/admin/payments')
  await admin.getByRole('row').filter({ hasText: '€24.00' }).getByRole('link').click()

  // What is forgiven is not owed: the balance is what it was, and the invoice is paid.
  await giveBack(admin, '4.00', 'Too much work')
  expect(await owes(mary)).toBe(before)
  await invoiceIs(mary, invoice, 'Paid')
  await visit(mary, '/self-care/payments')
  await mary.getByRole('row').filter({ hasText: invoice }).getByRole('link').click()
  await expect(mary.getByText('This payment was made, and a part of it given back.')).toBeVisible()
  await expect(fact(mary, 'Given back')).toHaveText('€4.00')
  const refunds = mary.getByRole('table', { name: 'Refunds' })
  await expect(refunds.getByRole('row').filter({ hasText: 'Too much work' })).toContainText('€4.00')

  // What is owed again opens the invoice.
  await admin.getByLabel('The customer owes it again').check()
  await giveBack(admin, '3.00', 'Paid by mistake')
  expect(await owes(mary)).toBe(before + 3_00)
  await expect(mary.getByRole('group', { name: new RegExp(invoice) })).toContainText('€3.00')
  await ledgerIsRight(admin)
})

/** The administrator corrects ABC's balance, where its page is open. */
async function adjust(admin: Page, direction: 'Credit' | 'Charge', amount: string, reason: string): Promise<void> {
  const form = admin.locator('form#adjustment')
  await form.locator('label').filter({ hasText: direction }).click()
  await form.getByLabel('Amount').fill(amount)
  await form.getByLabel('Reason').fill(reason)
  await form.getByRole('button', { name: 'Adjust balance' }).click()
  await answered(admin)
}

test('the administrator adjusts a balance to the cent, both ways, and the customer finds it so', async ({ as }) => {
  const [admin, mary, abc] = [await as('admin'), await as('mary'), await as('abc')]
  const before = await owes(mary)
  await openFromList(admin, '/admin/customers', 'ABC')
  await openTab(admin, 'Customer', 'Billing')
  await adjust(admin, 'Credit', '0', 'Nothing')
  await isWrong(admin.locator('form#adjustment').getByLabel('Amount'), '')
  expect(await owes(mary), 'nothing was adjusted').toBe(before)

  await adjust(admin, 'Credit', '5.25', 'A line was dead')
  await told(admin, 'Balance adjusted')
  expect(await owes(mary)).toBe(before - 5_25)
  // The form is another one when the balance has come, and what is said of the first may be there still.
  await visit(admin, admin.url())
  await adjust(admin, 'Charge', '2.50', 'A visit')
  for (const customer of [mary, abc]) await expect.poll(() => owes(customer)).toBe(before - 2_75)

  await visit(admin, '/admin/transactions?kind=adjustment')
  await expect(row(admin, 'A line was dead')).toContainText('€5.25')
  await expect(row(admin, 'A visit')).toContainText('€2.50')
  await ledgerIsRight(admin)
})

test('a company sees by how much its balance was adjusted, and why, as the administrator is told', async ({ as }) => {
  const [admin, abc] = [await as('admin'), await as('abc')]
  await openFromList(admin, '/admin/customers', 'ABC')
  await openTab(admin, 'Customer', 'Billing')
  const reason = 'Goodwill after the storm'
  await expect(admin.locator('form#adjustment').getByLabel('Reason')).toHaveAccessibleDescription('The customer sees it.')
  await adjust(admin, 'Credit', '1.75', reason)
  await told(admin, 'Balance adjusted')
  await visit(abc, '/self-care')
  await expect(row(abc, reason)).toContainText('Amount EUR 1.75')
})
