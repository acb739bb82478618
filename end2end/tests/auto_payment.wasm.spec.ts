// An automatic payment that fails, from being turned on to the e-mail, which a real mail server takes, and back.

import type { Page } from '@playwright/test'
import { CARDS, answerBank, beginToPay, bill, ended, giveCard, invoiceIs, pay } from '../support/payments.ts'
import { idOf } from '../support/pages.ts'
import { save } from '../support/steps.ts'
import type { Tandem } from '../support/server.ts'
import { expect, type Name, test, told, visit } from '../support/test.ts'

type As = (name: Name) => Promise<Page>

/** The switch of the page. */
const on = (page: Page) => page.getByRole('switch', { name: 'Pay automatically' })

/** Saves the form of automatic payment. */
async function saved(page: Page, words: string): Promise<void> {
  await save(page)
  await told(page, words)
}

/** Mary pays once with a card about which its bank always asks, and has invoices paid with it from now on. */
async function payAutomatically(as: As, mary: Page, price: string): Promise<void> {
  await beginToPay(mary, await bill(as, price))
  await giveCard(mary, CARDS.alwaysAsks)
  await mary.getByLabel('Save this card').check()
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
  await visit(mary, '/self-care/auto-payment')
  await on(mary).check()
  await mary.locator('label').filter({ hasText: 'When an invoice is issued' }).click()
  await saved(mary, 'Automatic payment is on')
}

/** ABC is billed something that cannot be charged without Mary. Gives the invoice, and the link of the one letter about it. */
async function billAndFail(as: As, mary: Page, tandem: Tandem, price: string): Promise<{ invoice: string; link: URL }> {
  const invoice = await bill(as, price)
  await expect(async () => {
    await visit(mary, '/self-care/auto-payment')
    await expect(mary.getByText('Turned off on')).toBeVisible({ timeout: 500 })
  }).toPass()
  await expect(on(mary)).not.toBeChecked()
  const letters = () => tandem.mail?.letters(new RegExp(`${price}.*needs verification`)) ?? []
  await expect.poll(async () => (await letters()).length).toBe(1)
  const [letter] = await letters()
  expect(letter?.text).toContain(invoice)
  const links = [...(letter?.text ?? '').matchAll(/http\S+\/resume/g)].map(([link]) => link)
  expect(links).toHaveLength(1)
  return { invoice, link: new URL(links[0] ?? '') }
}

/** Mary follows the link of the letter, and pays. */
async function payByLink(mary: Page, tandem: Tandem, link: URL): Promise<void> {
  expect(link.origin).toBe(tandem.url)
  await visit(mary, link.href)
  await expect(mary.getByRole('heading', { level: 1, name: 'Go on paying' })).toBeVisible()
  // The default card, of however many of this number.
  await expect(mary.getByRole('radio', { name: /3184/ }).first()).toBeChecked()
  await pay(mary)
  await answerBank(mary, { password: '123456' })
  await ended(mary, 'Paid')
}

test('an automatic payment that the bank wants confirmed turns itself off, is told once, resumed, and turned on again', async ({ as, tandem }) => {
  const mary = await as('mary')
  await payAutomatically(as, mary, '22.00')
  const { invoice, link } = await billAndFail(as, mary, tandem, '23.00')
  await payByLink(mary, tandem, link)
  await invoiceIs(mary, invoice, 'Paid')
  await visit(mary, '/self-care/auto-payment')
  await expect(on(mary)).not.toBeChecked()
  await on(mary).check()
  await saved(mary, 'Automatic payment is on')
  await on(mary).uncheck()
  await saved(mary, 'Automatic payment is off')
  expect(await tandem.mail?.letters(/23\.00.*needs verification/), 'no other letter').toHaveLength(1)
})

test('the administrator sees why it was turned off, and turns it on again', async ({ as, tandem }) => {
  const mary = await as('mary')
  await payAutomatically(as, mary, '26.00')
  const { link } = await billAndFail(as, mary, tandem, '27.00')
  await payByLink(mary, tandem, link)
  const admin = await as('admin')
  const customer = await idOf({ list: '/admin/customers', name: 'ABC' }, admin)
  await visit(admin, `/admin/customers/${customer}/billing`)
  await expect(admin.getByText('Turned off on')).toContainText('Your bank wanted you to confirm')
  await expect(on(admin)).not.toBeChecked()
  await on(admin).check()
  await saved(admin, 'Automatic payment is on')
  await expect(admin.getByText('Turned off on')).toHaveCount(0)
  await visit(mary, '/self-care/auto-payment')
  await expect(on(mary)).toBeChecked()
  await on(mary).uncheck()
  await saved(mary, 'Automatic payment is off')
  expect(await tandem.mail?.letters(/27\.00.*needs verification/), 'no other letter').toHaveLength(1)
})
