// What needs no WebAssembly: how a company stands, its invoices, payments and cards, and paying itself.

import type { Page } from '@playwright/test'
import { violations } from '../support/axe.ts'
import { CARDS, answerBank, beginToPay, bill, ended, giveCard, invoiceIs, owes, pay } from '../support/payments.ts'
import { fact, postByHand, signIn } from '../support/steps.ts'
import { expect, test, visit } from '../support/test.ts'

/** After a payment that failed: goes back, and pays with another card. */
async function tryAgain(mary: Page) {
  await mary.goBack()
  await mary.getByRole('link', { name: 'Try again' }).click()
  await giveCard(mary, CARDS.good)
  await pay(mary)
  await ended(mary, 'Paid')
}

test('Mary pays the open invoice with a card that her bank asks about, and the balance changes by just that', async ({ as }) => {
  const [mary, abc] = [await as('mary'), await as('abc')]
  const before = await owes(mary)
  expect(await owes(abc), 'her company owes what she is told').toBe(before)
  await beginToPay(mary, 'INV-000004')
  await giveCard(mary, CARDS.alwaysAsks)
  await expect(mary.getByRole('button', { name: 'Pay €120.00' })).toBeVisible()
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
  await expect(fact(mary, 'Amount')).toHaveText('€120.00')
  expect(await owes(mary)).toBe(before - 120_00)
  expect(await owes(abc)).toBe(before - 120_00)
  await invoiceIs(mary, 'INV-000004', 'Paid')
  await visit(mary, '/self-care/billing')
  await expect(mary.getByRole('group', { name: /INV-000004/ })).toHaveCount(0)
  await visit(mary, '/self-care/payments')
  await expect(mary.getByRole('row').filter({ hasText: 'INV-000004' })).toContainText('Paid')
})

test('a card without money says why and what to do, and another one pays the same payment', async ({ as }) => {
  const invoice = await bill(as, '10.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.noFunds)
  await pay(mary)
  await expect(mary.getByRole('alert')).toContainText('insufficient funds')
  await expect(mary.getByRole('alert')).toContainText('Use another card')
  await giveCard(mary, CARDS.good)
  await pay(mary)
  await ended(mary, 'Paid')
  await invoiceIs(mary, invoice, 'Paid')
})

test('a wrong password three times is a refusal, and the payment can be tried again', async ({ as }) => {
  const invoice = await bill(as, '11.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  for (const password of ['1', '2', '3']) await answerBank(mary, { password })
  await ended(mary, 'Not paid')
  await invoiceIs(mary, invoice, 'Open')
  await tryAgain(mary)
})

test('who declines at the bank is told that nothing was paid, and can pay with another card', async ({ as }) => {
  const invoice = await bill(as, '17.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await answerBank(mary, { button: 'This was not me: decline' })
  await ended(mary, 'Not paid')
  await invoiceIs(mary, invoice, 'Open')
  await tryAgain(mary)
  await invoiceIs(mary, invoice, 'Paid')
})

test('who comes back from the bank without an answer can go on', async ({ as }) => {
  const invoice = await bill(as, '12.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await answerBank(mary, { button: 'Go back without deciding' })
  await ended(mary, 'Your bank is waiting for you')
  await mary.getByRole('link', { name: 'Continue at your bank' }).click()
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
})

test('whose session ends at the bank signs in again, and is told how it ended', async ({ as }) => {
  const invoice = await bill(as, '14.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await mary.getByRole('heading', { name: 'Confirm your payment' }).waitFor()
  await mary.context().clearCookies()
  await answerBank(mary, { password: '123456' })
  await expect(mary).toHaveURL(/\/sign-in\?next=/)
  await signIn(mary, 'mary')
  await ended(mary, 'Paid')
})

test('two tabs pay one invoice once, though one of them is at the bank', async ({ as }) => {
  const invoice = await bill(as, '16.00')
  const mary = await as('mary')
  await beginToPay(mary, invoice)
  const tab = await mary.context().newPage()
  await visit(tab, mary.url())
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await mary.getByRole('heading', { name: 'Confirm your payment' }).waitFor()
  await giveCard(tab, CARDS.good)
  await pay(tab)
  await ended(tab, 'Paid')
  await mary.getByRole('button', { name: 'Confirm', exact: true }).click()
  await mary.getByRole('link', { name: 'Back to the merchant' }).click()
  await ended(mary, 'Paid')
  await visit(mary, '/self-care/payments')
  await expect(mary.getByRole('row').filter({ hasText: invoice })).toHaveCount(1)
})

test('an amount goes into the balance, once, however often the button is pressed and the page opened', async ({ as }) => {
  const mary = await as('mary')
  const before = await owes(mary)
  await mary.getByLabel('Amount').fill('15')
  await mary.getByRole('button', { name: 'Go on' }).click()
  await giveCard(mary, CARDS.good)
  const address = mary.url()
  const tab = await mary.context().newPage()
  await visit(tab, address)
  await giveCard(tab, CARDS.good)
  await mary.getByRole('button', { name: 'Pay €15.00' }).dblclick()
  await ended(mary, 'Paid')
  await pay(tab)
  await ended(tab, 'Paid')
  await visit(mary, '/self-care/payments')
  await expect(mary.getByRole('row').filter({ hasText: '€15.00' })).toHaveCount(1)
  expect(await owes(mary)).toBe(before - 15_00)
})

test('a wrong amount is said beside its field, and can be put right', async ({ as }) => {
  const mary = await as('mary')
  for (const wrong of ['-5', 'much', '0']) {
    await visit(mary, `/self-care/payments/pay?amount=${wrong}`)
    const amount = mary.getByLabel('Amount in EUR')
    await expect(amount).toHaveValue(wrong)
    await expect(amount).toHaveAttribute('aria-invalid', 'true')
    await expect(amount).toHaveAccessibleDescription(/./)
  }
  expect(await violations(mary), 'the page of a wrong amount').toEqual([])
  await mary.getByLabel('Amount in EUR').fill('15')
  await mary.getByRole('button', { name: 'Go on' }).click()
  await expect(mary.getByRole('button', { name: 'Pay €15.00' })).toBeVisible()
})

test('a saved card pays without giving it again, also when the bank asks', async ({ as }) => {
  const mary = await as('mary')
  await visit(mary, '/self-care/cards')
  await mary.getByRole('link', { name: 'Add card' }).click()
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await expect(mary.getByRole('heading', { level: 1, name: 'Card saved' })).toBeVisible()
  const invoice = await bill(as, '13.00')
  await beginToPay(mary, invoice)
  await expect(mary.getByRole('radio', { name: /3184/ })).toBeChecked()
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
})

test('Panda sees nothing of ABC’s money', async ({ as }) => {
  const [abc, panda] = [await as('abc'), await as('panda')]
  await visit(abc, '/self-care/invoices')
  const href = await abc.getByRole('link', { name: 'INV-000004' }).getAttribute('href')
  const id = href?.split('/').at(-1)
  expect((await panda.request.get(href ?? '')).status()).toBe(404)
  expect((await panda.request.get(`/self-care/payments/pay?invoice=${id}`)).status()).toBe(404)
  expect((await panda.request.get(`/invoices/${id}.pdf`)).status()).toBe(404)
  const document = await abc.request.get(`/invoices/${id}.pdf`)
  expect((await document.body()).subarray(0, 5).toString()).toBe('%PDF-')
  await visit(panda, '/self-care/invoices')
  await expect(panda.getByRole('table')).toContainText('€30.00')
  await expect(panda.getByRole('table')).not.toContainText('€120.00')
})

test('nor can Panda look at ABC’s payments and cards, come back from the bank for it, or do anything with them', async ({ as }) => {
  const [mary, panda] = [await as('mary'), await as('panda')]
  await visit(mary, '/self-care/cards/new')
  await giveCard(mary, CARDS.good)
  await pay(mary)
  await expect(mary.getByRole('heading', { level: 1, name: 'Card saved' })).toBeVisible()
  const setup = new URL(mary.url()).searchParams.get('setup') ?? ''
  await visit(mary, '/self-care/cards')
  const card = await mary.locator('form input[name="id"]').first().inputValue()
  await beginToPay(mary, await bill(as, '18.00'))
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await answerBank(mary, { button: 'Go back without deciding' })
  await ended(mary, 'Your bank is waiting for you')
  const payment = new URL(mary.url()).searchParams.get('payment') ?? ''
  const pages = [
    `/self-care/payments/${payment}`,
    `/self-care/payments/${payment}/resume`,
    `/self-care/payments/return?payment=${payment}`,
    `/self-care/cards/return?setup=${setup}`,
  ]
  for (const page of pages) {
    expect((await mary.request.get(page)).status(), `Mary’s ${page}`).toBe(200)
    expect((await panda.request.get(page)).status(), page).toBe(404)
  }
  await visit(panda, '/self-care/payments')
  for (const call of ['payment_cancel', 'card_default', 'card_remove']) {
    const id = call === 'payment_cancel' ? payment : card
    expect((await postByHand(panda, `/api/${call}`, { id })).status(), call).toBe(404)
  }
  expect((await postByHand(panda, '/api/payment_return', { payment })).status()).toBe(404)
  expect((await postByHand(panda, '/api/pay_saved', { payment, method: card })).status()).toBe(404)
  await mary.reload()
  await mary.getByRole('link', { name: 'Continue at your bank' }).click()
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
})
