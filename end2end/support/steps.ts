// What people do on many pages, in one place.

import type { BrowserContext, Cookie, Locator, Page } from '@playwright/test'
import { expect, PASSWORD, usable, visit, withWasm } from './test.ts'

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
}

/** Saves the page's form, and waits for the words that say so. */
export async function save(page: Page, button = 'Save changes'): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
  if (!withWasm()) await usable(page)
}
