// Lists: what is searched, filtered, sorted and paged is in the address, and an empty list says what to do first.

import type { Page } from '@playwright/test'
import { idOf } from '../support/pages.ts'
import { openTab, postByHand, row } from '../support/steps.ts'
import { expect, test, usable, visit, withWasm } from '../support/test.ts'

test('search, filter and sort live in the address, and survive a reload and the way back', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/accounts')
  await expect(admin.getByText('8 accounts')).toBeVisible()
  await search(admin, '74')
  await expect(admin.getByText('3 accounts')).toBeVisible()
  for (const sorted of ['ascending', 'descending']) {
    await admin.getByRole('link', { name: 'Extension', exact: true }).click()
    await expect(admin.getByRole('columnheader', { name: 'Extension' })).toHaveAttribute('aria-sort', sorted)
  }
  await expect.poll(() => names(admin)).toEqual(['Peter', 'Olivia', 'John'])
  expect(asked(admin)).toMatchObject({ q: '74', sort: 'extension', desc: '1' })

  await admin.reload()
  await usable(admin)
  await expect.poll(() => names(admin)).toEqual(['Peter', 'Olivia', 'John'])
  await expect(admin.getByRole('searchbox')).toHaveValue('74')
  await filter(admin, 'Status', 'Blocked')
  await expect(admin.getByText('No accounts match')).toBeVisible()
  await expect(admin.getByRole('combobox', { name: 'Status' }).locator('option:checked')).toHaveText('Blocked')
  await filter(admin, 'Status', 'Open')
  await expect.poll(() => names(admin)).toEqual(['Peter', 'Olivia', 'John'])

  await admin.getByRole('link', { name: 'Olivia' }).click()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Olivia')
  await admin.goBack()
  await expect.poll(() => names(admin)).toEqual(['Peter', 'Olivia', 'John'])
  await expect(admin.getByRole('searchbox')).toHaveValue('74')
  await expect(admin.getByRole('combobox', { name: 'Status' }).locator('option:checked')).toHaveText('Open')
})

test('a search that finds nothing can be cleared; a filter by class and by customer finds its own', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/customers')
  await search(admin, 'wombat')
  await expect(admin.getByText('No customers match')).toBeVisible()
  await expect(admin.getByText('Try other words, or fewer filters.')).toBeVisible()
  await admin.getByRole('link', { name: 'Clear search and filters' }).click()
  await expect(row(admin, 'ABC')).toBeVisible()
  await expect(admin.getByRole('searchbox')).toHaveValue('')
  await filter(admin, 'Class', 'Business')
  await expect.poll(() => names(admin)).toEqual(['ABC'])
  await visit(admin, '/admin/accounts?customer=pan')
  await expect(admin.getByText('3 accounts')).toBeVisible()
  await expect(row(admin, 'Lin Wu')).toContainText('Panda')
})

test('a long list is paged, with its order and its search', async ({ as }) => {
  const panda = await as('panda')
  const admin = await as('admin')
  const customer = await idOf({ list: '/admin/customers', name: 'Panda' }, admin)
  await visit(panda, '/self-care/extensions')
  for (let i = 0; i < 52; i += 1) {
    const desk = { customer, first_name: `Desk ${String(i).padStart(2, '0')}`, extension: String(3000 + i) }
    expect((await postByHand(panda, '/api/account_create', desk)).ok()).toBe(true)
  }
  await visit(panda, '/self-care/extensions?q=desk')
  await expect(panda.getByText('52 extensions')).toBeVisible()
  await expect(panda.getByRole('row')).toHaveCount(51)
  await panda.getByRole('link', { name: 'Extension', exact: true }).click()
  await expect(panda.getByRole('columnheader', { name: 'Extension' })).toHaveAttribute('aria-sort', 'ascending')
  const pages = panda.getByRole('navigation', { name: 'Pages' })
  await expect(pages.getByText('Previous')).toHaveAttribute('aria-disabled', 'true')
  await pages.getByRole('link', { name: 'Next' }).click()
  await expect.poll(() => names(panda)).toEqual(['Desk 50', 'Desk 51'])
  await expect(pages.getByText('Next')).toHaveAttribute('aria-disabled', 'true')
  await panda.reload()
  await usable(panda)
  await expect.poll(() => names(panda)).toEqual(['Desk 50', 'Desk 51'])
  await pages.getByRole('link', { name: 'Previous' }).click()
  await expect(row(panda, 'Desk 00')).toBeVisible()
  await expect(panda.getByRole('row')).toHaveCount(51)
  await panda.goBack()
  await expect.poll(() => names(panda)).toEqual(['Desk 50', 'Desk 51'])
  // From the second page, a new search begins at the first.
  await search(panda, 'desk 0')
  await expect(panda.getByText('10 extensions')).toBeVisible()
  await expect(row(panda, 'Desk 00')).toBeVisible()
})

test('an empty list says what to do first, and leads there', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/customers')
  expect((await postByHand(admin, '/api/customer_create', { name: 'Empty Ltd', sip_prefix: 'empty' })).ok()).toBe(true)
  await visit(admin, '/admin/customers?q=empty')
  await admin.getByRole('link', { name: 'Empty Ltd' }).click()
  await openTab(admin, 'Customer', 'Huntgroups')
  await expect(admin.getByText('No huntgroups yet')).toBeVisible()
  await openTab(admin, 'Customer', 'Accounts')
  await expect(admin.getByText('No accounts yet')).toBeVisible()
  await expect(admin.getByText('Add one for each person or device that gets an extension.')).toBeVisible()
  await admin.locator('.empty').getByRole('link', { name: 'Add account' }).click()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Add account')
})

/** Types words into the search and sends them. */
async function search(page: Page, words: string) {
  await page.getByRole('searchbox').fill(words)
  await page.getByRole('searchbox').press('Enter')
  await expect.poll(() => asked(page).q).toBe(words)
}

/** Chooses in a list above the rows. */
async function filter(page: Page, name: string, option: string) {
  const select = page.getByRole('combobox', { name })
  await select.selectOption({ label: option })
  if (!withWasm()) await page.getByRole('button', { name: 'Search', exact: true }).click()
  const value = await select.inputValue()
  await expect.poll(() => asked(page)[name.toLowerCase()]).toBe(value)
}

/** What the address asks for. */
function asked(page: Page): Record<string, string> {
  return Object.fromEntries(new URL(page.url()).searchParams)
}

/** The names in the rows, from top to bottom. */
function names(page: Page): Promise<string[]> {
  return page.locator('tbody').getByRole('row').getByRole('link').allInnerTexts()
}
