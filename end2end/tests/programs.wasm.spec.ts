// The browser has a program for what each kind of person works on; what leads out of it is followed all the same.

import type { Page } from '@playwright/test'
import { field, openFromList, signIn } from '../support/steps.ts'
import { expect, test, usable, visit } from '../support/test.ts'

/** Collects the programs that the page loads. */
function loaded(page: Page): string[] {
  const programs: string[] = []
  page.on('response', (response) => {
    const program = /([a-z-]+)_bg\.wasm$/.exec(new URL(response.url()).pathname)
    if (program?.[1]) programs.push(program[1])
  })
  return programs
}

/** Marks the document: another one has no mark. */
async function mark(page: Page) {
  await page.evaluate(() => document.documentElement.setAttribute('data-mark', ''))
}

test.skip(!process.env.TANDEM_HTTP_SITE?.includes('release'), 'in development the programs are one file')

test('whoever signs in loads the program of that page, and then their own', async ({ open }) => {
  const own = { admin: 'administrator', abc: 'company', john: 'person' }
  for (const [name, program] of Object.entries(own)) {
    const page = await open()
    const programs = loaded(page)
    await visit(page, '/sign-in')
    expect(programs).toEqual(['sign-in'])
    await signIn(page, name)
    await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible()
    await usable(page)
    expect(programs).toEqual(['sign-in', program])
    await visit(page, '/profile')
    expect(programs.slice(1).every((loaded) => loaded === program)).toBe(true)
  }
})

test('pages change within a program without being loaded, and between programs by being loaded', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin')
  const programs = loaded(admin)
  await mark(admin)
  await admin.getByRole('link', { name: 'Customers', exact: true }).click()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Customers')
  await expect(admin.locator('html[data-mark]')).toHaveCount(1)
  expect(programs).toEqual([])

  for (const [page, program] of [
    ['Live calls', 'exchange'],
    ['Access roles', 'configuration'],
    ['Design system', 'gallery'],
  ] as const) {
    await mark(admin)
    await admin.getByRole('link', { name: page, exact: true }).click()
    await expect(admin.locator('html[data-mark]')).toHaveCount(0)
    await usable(admin)
    expect(programs.at(-1)).toBe(program)
  }
  await admin.goBack()
  await usable(admin)
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Access roles')
  await visit(admin, '/admin')
  await admin.getByRole('link', { name: 'Customers', exact: true }).click()
  await admin.getByRole('link', { name: 'Design system' }).click()
  await usable(admin)
  await admin.goBack()
  await usable(admin)
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Customers')
  await admin.goBack()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Dashboard')

  await visit(admin, '/admin/gallery')
  await admin.locator('.user-button').click()
  await admin.getByRole('link', { name: 'Profile and password' }).click()
  await expect(admin).toHaveURL(/profile$/)
  await usable(admin)
  await expect(admin.locator('.error-page')).toHaveCount(0)
  expect(programs.at(-1)).toBe('administrator')
})

test('changes are asked for before another program takes over', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await field(admin, 'Name').fill('Unsaved')
  await admin.getByRole('link', { name: 'Design system' }).click()
  const question = admin.getByRole('dialog', { name: 'Leave without saving?' })
  await question.getByRole('button', { name: 'Stay and go on editing' }).click()
  await expect(field(admin, 'Name')).toHaveValue('Unsaved')
  await admin.getByRole('link', { name: 'Design system' }).click()
  await question.getByRole('button', { name: 'Leave' }).click()
  await expect(admin).toHaveURL(/gallery/)
  await usable(admin)
})

test('who opens a page of others is told that it is not theirs, and finds the way back', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/self-care/huntgroups')
  await expect(john.getByRole('alert')).toContainText('Not permitted')
  const programs = loaded(john)
  await john.getByRole('link', { name: 'Home', exact: true }).click()
  await expect(john).toHaveURL(/self-care$/)
  await expect(john.getByRole('heading', { level: 1 })).toContainText('John')
  await usable(john)
  await expect(john.locator('.error-page')).toHaveCount(0)
  await expect(john.locator('.phone-dock')).toBeAttached()
  expect(programs).toEqual(['person'])
  await john.getByRole('link', { name: 'Call recordings' }).first().click()
  await expect(john.getByRole('heading', { level: 1 })).toHaveText('Call recordings')
  await usable(john)
  expect(programs).toEqual(['person', 'calls'])

  const abc = await as('abc')
  await visit(abc, '/self-care/codes')
  await expect(abc.locator('.error-page')).toHaveCount(1)
  await abc.getByRole('link', { name: 'Dashboard', exact: true }).click()
  await expect(abc).toHaveURL(/self-care$/)
  await expect(abc.locator('.error-page')).toHaveCount(0)
  await visit(abc, '/admin/customers')
  await expect(abc.getByRole('alert')).toContainText('Not permitted')
  await visit(abc, '/self-care/nowhere')
  await expect(abc.getByRole('alert')).toContainText('There is no page here')
})
