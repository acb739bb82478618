// What is paid automatically: said, saved, shown to the customer and the administrator, and done.

import { CARDS, beginToPay, bill, ended, giveCard, pay } from '../support/payments.ts'
import { field, isWrong, pick, row, save } from '../support/steps.ts'
import { expect, test, told, visit } from '../support/test.ts'
import { idOf } from '../support/pages.ts'

const PAGE = '/self-care/auto-payment'

test('payment on the due date and at a threshold is saved and shown, also to the administrator', async ({ as }) => {
  const mary = await as('mary')
  await visit(mary, PAGE)
  await pick(mary, 'On the due date')
  await field(mary, 'Threshold').fill('1000')
  await field(mary, 'Amount to pay').fill('250,5')
  await save(mary)
  await isWrong(field(mary, 'Amount to pay'), 'amount')
  await expect(field(mary, 'Amount to pay')).toHaveValue('250,5')
  await field(mary, 'Amount to pay').fill('250.50')
  await save(mary)
  await told(mary, 'Automatic payment saved')
  const admin = await as('admin')
  const customer = await idOf({ list: '/admin/customers', name: 'ABC' }, admin)
  for (const [page, path] of [[mary, PAGE], [admin, `/admin/customers/${customer}/billing`]] as const) {
    await visit(page, path)
    await expect(page.getByRole('radio', { name: 'On the due date', exact: true })).toBeChecked()
    await expect(field(page, 'Threshold')).toHaveValue('1000.00')
    await expect(field(page, 'Amount to pay')).toHaveValue('250.50')
  }
})

test('a threshold without an amount, an amount without a threshold, and what is no amount are said beside the field', async ({ as }) => {
  const mary = await as('mary')
  const wrong = async (threshold: string, amount: string, name: string, words: string) => {
    await visit(mary, PAGE)
    await field(mary, 'Threshold').fill(threshold)
    await field(mary, 'Amount to pay').fill(amount)
    await save(mary)
    await isWrong(field(mary, name), words)
    await expect(field(mary, 'Threshold')).toHaveValue(threshold)
    await expect(field(mary, 'Amount to pay')).toHaveValue(amount)
  }
  await wrong('50', '', 'Amount to pay', 'Enter the amount that is paid then.')
  await wrong('', '50', 'Threshold', 'Enter at which balance this amount is paid.')
  await wrong('much', '50', 'Threshold', 'amount')
  await wrong('50', '0', 'Amount to pay', '')
})

test('what is owed beyond the threshold is paid down by the amount, once', async ({ as }) => {
  const mary = await as('mary')
  await beginToPay(mary, await bill(as, '31.00'))
  await giveCard(mary, CARDS.good)
  await mary.getByLabel('Save this card').check()
  await pay(mary)
  await ended(mary, 'Paid')
  await visit(mary, PAGE)
  await mary.getByRole('switch', { name: 'Pay automatically' }).check()
  await pick(mary, 'Do not pay invoices automatically')
  await field(mary, 'Threshold').fill('1')
  await field(mary, 'Amount to pay').fill('7.25')
  await save(mary)
  await told(mary, 'Automatic payment is on')
  const paid = row(mary, '€7.25')
  await expect(async () => {
    await visit(mary, '/self-care/payments')
    await expect(paid).toContainText('Paid', { timeout: 500 })
  }).toPass()
  await expect(paid).toHaveCount(1)
  await visit(mary, PAGE)
  await mary.getByRole('switch', { name: 'Pay automatically' }).uncheck()
  await save(mary)
  await told(mary, 'Automatic payment is off')
})
