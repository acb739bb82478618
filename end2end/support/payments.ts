// Paying in the browser tests: the card fields and the bank's page of the stand-in for Stripe, and the strings behind it.

import type { Page } from '@playwright/test'
import { expect, type Name, visit } from './test.ts'
import { idOf } from './pages.ts'

/** Stripe's test cards. */
export const CARDS = {
  good: '4242 4242 4242 4242',
  alwaysAsks: '4000 0027 6000 3184',
  noFunds: '4000 0000 0000 9995',
  mastercard: '5555 5555 5555 4444',
}

/** Gives a card in the processor's own fields. */
export async function giveCard(page: Page, number: string): Promise<void> {
  await page.locator('form.pay').waitFor()
  const another = page.getByRole('radio', { name: 'Another card' })
  if (await another.isVisible()) await page.locator('label').filter({ hasText: 'Another card' }).click()
  await expect(page.locator('tandem-card[data-ready]')).toBeVisible()
  const frame = page.frameLocator('tandem-card iframe')
  await frame.getByLabel('Card number').fill(number)
  await frame.getByLabel('Expiration date').fill('12 / 34')
  await frame.getByLabel('Security code').fill('123')
}

/** Presses the button that pays. */
export async function pay(page: Page): Promise<void> {
  await page.locator('form.pay').getByRole('button', { name: /^(Pay|Save card)/ }).click()
}

/** Is asked by the bank, and answers: with a password, or by one of its buttons. */
export async function answerBank(page: Page, answer: { password: string } | { button: string }): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Confirm your payment' })).toBeVisible()
  if ('password' in answer) await page.getByLabel('One-time password').fill(answer.password)
  await page.getByRole('button', { name: 'button' in answer ? answer.button : 'Confirm', exact: true }).click()
}

/** Waits until the page says how the payment ended. */
export async function ended(page: Page, title: string): Promise<void> {
  await expect(page).toHaveURL(/\/self-care\/payments\/return\?/)
  await expect(page.getByRole('heading', { level: 1, name: title, exact: true })).toBeVisible()
}

/** The administrator bills ABC something. Gives the invoice's number. */
export async function bill(as: (name: Name) => Promise<Page>, price: string): Promise<string> {
  const admin = await as('admin')
  const customer = await idOf({ list: '/admin/customers', name: 'ABC' }, admin)
  await visit(admin, `/admin/customers/${customer}/invoices/new`)
  await admin.getByLabel('What').first().fill('Extra work')
  await admin.getByLabel('Price in EUR').first().fill(price)
  await admin.getByLabel('Tax in %').first().fill('0')
  await admin.getByRole('button', { name: 'Issue invoice' }).click()
  const heading = admin.getByRole('heading', { level: 1, name: /^Invoice INV-/ })
  await expect(heading).toBeVisible()
  return ((await heading.textContent()) ?? '').replace('Invoice ', '')
}

/** Opens the page on which an open invoice is paid. */
export async function beginToPay(page: Page, invoice: string): Promise<void> {
  await visit(page, '/self-care/billing')
  await page.getByRole('group', { name: new RegExp(invoice) }).getByRole('link', { name: /^Pay/ }).click()
  await expect(page.getByRole('heading', { level: 1, name: `Pay invoice ${invoice}` })).toBeVisible()
}

/** What the customer is told that it owes, in cents; what it has to its credit is negative. */
export async function owes(page: Page): Promise<number> {
  await visit(page, '/self-care/billing')
  const stat = page.locator('.stat').filter({ has: page.getByText('Balance', { exact: true }) })
  const words = await stat.locator('.stat-value').innerText()
  if (words === 'You owe nothing') return 0
  const [, owed, credit] = /^(?:You owe €([\d.,]+)|€([\d.,]+) in credit)$/.exec(words) ?? []
  const cents = Number((owed ?? credit ?? 'no amount').replaceAll(/[.,]/g, ''))
  expect(cents, `“${words}”`).toBeGreaterThan(0)
  return owed === undefined ? -cents : cents
}

/** How an invoice stands, as the list says. */
export async function invoiceIs(page: Page, invoice: string, state: string): Promise<void> {
  await visit(page, '/self-care/invoices')
  await expect(page.getByRole('row').filter({ hasText: invoice })).toContainText(state)
}

/** Moves the stand-in, whose address is on the page of a payment. */
export async function standIn(page: Page, call: string, body: unknown): Promise<void> {
  const script = await page.locator('tandem-card').getAttribute('data-script')
  const answer = await fetch(new URL(`/sim/${call}`, script ?? ''), {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_tandem', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.ok, `${call}: ${answer.status}`).toBe(true)
}
