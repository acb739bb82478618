// Saved cards: another one, the default, one that is forgotten, and one that the bank does not confirm.

import type { Page } from '@playwright/test'
import { CARDS, answerBank, beginToPay, bill, giveCard, pay } from '../support/payments.ts'
import { expect, test, told, visit } from '../support/test.ts'

const LIST = '/self-care/cards'

/** Saves a card that needs nothing. */
async function saveCard(page: Page, number: string): Promise<void> {
  await visit(page, `${LIST}/new`)
  await giveCard(page, number)
  await pay(page)
  await expect(page.getByRole('heading', { level: 1, name: 'Card saved' })).toBeVisible()
}

/** A card of the list. */
function card(page: Page, last4: string) {
  return page.getByRole('list', { name: 'Saved cards' }).getByRole('listitem').filter({ hasText: last4 })
}

test('another card becomes the default, and a card that is removed is offered nowhere any more', async ({ as }) => {
  const mary = await as('mary')
  await saveCard(mary, CARDS.good)
  await saveCard(mary, CARDS.mastercard)
  await visit(mary, LIST)
  await expect(card(mary, '4242')).toContainText('Default')
  await expect(card(mary, '4242').getByRole('button', { name: 'Make default' })).toHaveCount(0)
  await card(mary, '4444').getByRole('button', { name: 'Make default' }).click()
  await told(mary, 'Default card changed')
  await expect(card(mary, '4444').getByText('Default', { exact: true })).toBeVisible()
  await expect(card(mary, '4242').getByText('Default', { exact: true })).toHaveCount(0)
  const invoice = await bill(as, '41.00')
  await beginToPay(mary, invoice)
  await expect(mary.getByRole('radio', { name: /4444/ })).toBeChecked()

  await visit(mary, LIST)
  await card(mary, '4444').locator('summary').filter({ hasText: 'Remove' }).click()
  const question = mary.getByRole('dialog', { name: /^Remove Mastercard/ })
  await expect(question).toContainText('automatic payment is turned off')
  await question.getByRole('button', { name: 'Remove card', exact: true }).click()
  await told(mary, 'Card removed')
  await expect(card(mary, '4444')).toHaveCount(0)
  await expect(card(mary, '4242')).toHaveCount(1)
  await beginToPay(mary, invoice)
  await expect(mary.getByRole('radio', { name: /4242/ })).toHaveCount(1)
  await expect(mary.getByRole('radio', { name: /4444/ })).toHaveCount(0)
})

test('a card that the bank does not confirm is not saved, and can be tried again', async ({ as }) => {
  const mary = await as('mary')
  await visit(mary, `${LIST}/new`)
  await giveCard(mary, CARDS.alwaysAsks)
  await pay(mary)
  await answerBank(mary, { button: 'This was not me: decline' })
  await expect(mary.getByRole('heading', { level: 1, name: 'Card not saved' })).toBeVisible()
  await visit(mary, LIST)
  await expect(card(mary, '3184')).toHaveCount(0)
})
