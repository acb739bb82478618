// What people do on many pages, in one place.

import type { BrowserContext, Cookie, Locator, Page, Route } from '@playwright/test'
import { answered, expect, PASSWORD, usable, visit, withWasm } from './test.ts'

/** Fills in the sign-in page and sends it. */
export async function signIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Sign-in name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Signs out by the menu of the person. */
export async function signOut(page: Page): Promise<void> {
  await page.locator('.user-button').click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
}

/** The browser's session cookie. */
export async function sessionCookie(context: BrowserContext): Promise<Cookie> {
  const cookie = (await context.cookies()).find(({ name }) => name === 'tandem_session')
  if (cookie === undefined) throw new Error('the browser has no session')
  return cookie
}

/** Ends the session on the server while the browser still believes in it, as its expiry does. */
export async function endSession(page: Page): Promise<void> {
  const cookie = await sessionCookie(page.context())
  const answer = await fetch(new URL('/api/sign_out', page.url()), {
    method: 'POST',
    headers: {
      accept: 'application/json',
      origin: new URL(page.url()).origin,
      cookie: `${cookie.name}=${cookie.value}`,
    },
  })
  expect(answer.ok).toBe(true)
}

/** Opens a record from a list, by the words of its link. */
export async function openFromList(page: Page, list: string, name: string | RegExp): Promise<void> {
  await visit(page, list)
  await page.getByRole('link', { name }).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name)
}

/** Presses a switch that saves at once, and waits until it shows the other state. */
export async function press(toggle: Locator): Promise<void> {
  const before = await toggle.getAttribute('aria-checked')
  await toggle.click()
  await expect(toggle).toHaveAttribute('aria-checked', before === 'true' ? 'false' : 'true')
  // It shows its new state at once, before the server has it.
  await answered(toggle.page())
}

/** Saves the page's form, and waits for the answer. */
export async function save(page: Page, button = 'Save changes'): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
  await answered(page)
}

/** Goes to a tab of a record. */
export async function openTab(page: Page, of: 'Customer' | 'Account', name: string): Promise<void> {
  const tab = page.getByRole('navigation', { name: of, exact: true }).getByRole('link', { name, exact: true })
  await tab.click()
  await expect(tab).toHaveAttribute('aria-current', 'page')
  await usable(page)
}

/** Chooses in a list that saves at once. */
export async function choose(page: Page, list: string, option: string): Promise<void> {
  const select = page.getByRole('combobox', { name: list, exact: true })
  await select.selectOption({ label: option })
  if (!withWasm()) await page.locator('form', { has: select }).getByRole('button', { name: 'Save', exact: true }).click()
}

/** Keeps what a page asks of this address on its way, until what this gives is called. */
export async function hold(page: Page, address: string, then = (route: Route) => route.continue()): Promise<() => void> {
  let letGo = () => {}
  const held = new Promise<void>((on) => (letGo = on))
  await page.route(address, async (route) => {
    await held
    await then(route)
  })
  return letGo
}

/** Presses a button that asks first, and says yes. */
export async function confirm(page: Page, button: string, question: string | RegExp, yes: string): Promise<void> {
  await page.locator('summary').filter({ hasText: button }).click()
  await page.getByRole('dialog', { name: question }).getByRole('button', { name: yes, exact: true }).click()
}

/** Waits until a field is marked as wrong, with these words beside it. */
export async function isWrong(field: Locator, words: string): Promise<void> {
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await expect(field).toHaveAccessibleDescription(new RegExp(words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
}

/** A line to type into. */
export function field(page: Page, name: string): Locator {
  return page.getByRole('textbox', { name, exact: true })
}

/** A password to type. */
export function secret(page: Page, name = 'Password'): Locator {
  return page.getByLabel(name, { exact: true }).filter({ visible: true })
}

/** Picks one of a few cards. */
export async function pick(page: Page, card: string): Promise<void> {
  await page.locator('label').filter({ has: page.getByText(card, { exact: true }) }).click()
  await expect(page.getByRole('radio', { name: card, exact: true })).toBeChecked()
}

/** A fact of a list of facts: "Time zone" gives the place where "Europe/Brussels" stands. */
export function fact(page: Page, what: string): Locator {
  return page.locator('dl > div').filter({ has: page.getByText(what, { exact: true }) }).getByRole('definition')
}

/** A row of a table, by words in it. */
export function row(page: Page, words: string | RegExp): Locator {
  return page.getByRole('row').filter({ hasText: words })
}

/** Posts by hand what no form offers to this person. */
export async function postByHand(page: Page, to: string, form: Record<string, string>) {
  const origin = new URL(page.url()).origin
  return page.request.post(to, { form, headers: { accept: 'application/json', origin } })
}
