// Coming in and going out.

import { sessionCookie, signIn, signOut } from '../support/steps.ts'
import { expect, test, visit } from '../support/test.ts'

test('everybody signs in on one page and starts in an area of their own', async ({ open }) => {
  for (const [name, home] of [['admin', '/admin'], ['abc', '/self-care'], ['john', '/self-care']] as const) {
    const page = await open()
    await visit(page, '/')
    await expect(page).toHaveURL('/sign-in')
    await signIn(page, name)
    await expect(page).toHaveURL(home)
    await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible()
  }
})

test('who follows a link is asked to sign in, and gets to the page', async ({ open }) => {
  const page = await open()
  await visit(page, '/admin/customers?q=panda')
  await expect(page).toHaveURL(/\/sign-in\?next=/)
  await signIn(page, 'admin')
  await expect(page).toHaveURL('/admin/customers?q=panda')
})

test('a link to another site is not followed after signing in', async ({ open }) => {
  for (const next of ['//evil.example/', 'https://evil.example/', '/\\evil.example', '/\t/evil.example']) {
    const page = await open()
    await visit(page, `/sign-in?next=${encodeURIComponent(next)}`)
    await signIn(page, 'abc')
    await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible()
    expect(new URL(page.url()).hostname).toBe('127.0.0.1')
  }
})

test('a wrong password and an unknown name get the same answer, and what was typed stays', async ({ open }) => {
  const page = await open()
  const answers: string[] = []
  for (const name of ['admin', 'nobody-has-this-name']) {
    await visit(page, '/sign-in')
    await signIn(page, name, 'not the password')
    const password = page.getByLabel('Password', { exact: true })
    await expect(password).toHaveAttribute('aria-invalid', 'true')
    await expect(page.getByLabel('Sign-in name')).toHaveValue(name)
    answers.push(await page.locator('.field-error').filter({ hasText: /\S/ }).innerText())
  }
  expect(answers[0]).toContain('wrong')
  expect(answers[1]).toBe(answers[0])
})

test('empty fields are said to be empty, beside the fields', async ({ open }) => {
  const page = await open()
  await visit(page, '/sign-in')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.getByText('Enter your sign-in name.')).toBeVisible()
  await expect(page.getByText('Enter your password.')).toBeVisible()
})

test('signing out ends the session, also for a copy of its cookie', async ({ as, open, tandem }) => {
  const page = await as('abc')
  await visit(page, '/self-care')
  const cookie = await sessionCookie(page.context())
  await signOut(page)
  const thief = await open()
  await thief.context().addCookies([cookie])
  await visit(thief, `${tandem.url}/self-care`)
  await expect(thief).toHaveURL(/\/sign-in/)
  await page.goBack()
  await page.reload()
  await expect(page).toHaveURL(/\/sign-in/)
})

test('signing in makes a new session: a cookie that somebody planted opens nothing', async ({ as, open }) => {
  const planted = await sessionCookie((await as('john')).context())
  const page = await open()
  await page.context().addCookies([planted])
  await page.context().request.post('/api/sign_in', {
    form: { name: 'abc', password: 'tandem-demo' },
    headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' },
  })
  const renewed = await sessionCookie(page.context())
  expect(renewed.value).not.toBe(planted.value)
  expect(renewed.httpOnly).toBe(true)
  expect(renewed.sameSite).toBe('Lax')
  const attacker = await open()
  await attacker.context().addCookies([planted])
  await visit(attacker, '/self-care')
  await expect(attacker).toHaveURL(/\/sign-in/)
})
