// What a role does not permit is not shown, not enabled, and refused (issue "Permissions": Modify, View only, Forbidden).

import type { Page } from '@playwright/test'
import { idOf } from '../support/pages.ts'
import { choose, field, openFromList, openTab, postByHand, row } from '../support/steps.ts'
import { expect, test, told, usable, visit } from '../support/test.ts'

test('a read-only administrator sees everything and can change nothing', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/administrators')
  const role = await idOf({ list: '/admin/roles', name: 'Read-only administrator' }, admin)
  const reader = { name: 'Reader', email: '', sign_in: 'reader', password: 'reads all day long', role }
  expect((await postByHand(admin, '/api/administrator_create', reader)).ok()).toBe(true)

  const page = await as('reader', 'reads all day long')
  const [customer, account] = await Promise.all([
    idOf({ list: '/admin/customers', name: 'ABC' }, page),
    idOf({ list: '/admin/accounts?q=John', name: 'John' }, page),
  ])
  const [classId, ruleId] = await Promise.all([
    idOf({ list: '/admin/classes', name: 'Business' }, page),
    idOf({ list: '/admin/dialing-rules', name: 'Default PBX codes' }, page),
  ])
  const own = await idOf({ list: '/admin/administrators', name: 'Reader' }, page)
  for (const [path, seen] of [
    ['/admin/customers', 'Panda'],
    [`/admin/customers/${customer}`, 'Billing'],
    [`/admin/customers/${customer}/voice`, 'Call supervision'],
    [`/admin/customers/${customer}/huntgroups`, 'Support'],
    [`/admin/customers/${customer}/status`, 'History'],
    [`/admin/customers/${customer}/sign-in`, 'Access role'],
    [`/admin/accounts/${account}`, 'Extension'],
    [`/admin/accounts/${account}/services`, 'Call recording'],
    [`/admin/accounts/${account}/status`, 'History'],
    [`/admin/accounts/${account}/sign-in`, 'SIP user'],
    [`/admin/classes/${classId}`, 'Notifications'],
    [`/admin/roles/${role}`, 'Permissions'],
    [`/admin/dialing-rules/${ruleId}`, 'Join a call'],
    [`/admin/administrators/${own}`, 'this is you'],
    ['/admin/audit', 'Reader'],
  ] as const) {
    await visit(page, path)
    await expect(page.getByRole('main').getByText(seen).first(), path).toBeVisible()
    expect(await enabled(page), path).toEqual([])
  }
  for (const path of ['/admin/customers/new', '/admin/classes/new', '/admin/roles/new', '/admin/administrators/new']) {
    const answer = await page.goto(path)
    expect(answer?.status(), path).toBe(403)
    await expect(page.getByRole('heading', { level: 1 }).last()).toHaveText('Not permitted')
  }
  const refused = await postByHand(page, '/api/class_create', { name: 'Mine' })
  expect(refused.status()).toBe(403)
})

test('what a role forbids is hidden: the field, the entry in the navigation, and the page', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/roles')
  const entries = { 'entries[customer/general/email]': 'forbidden', 'entries[ip_centrex]': 'forbidden' }
  const restricted = { name: 'Restricted', audience: 'customer', base: 'view', ...entries }
  expect((await postByHand(admin, '/api/role_create', restricted)).ok()).toBe(true)
  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Sign-in')
  await choose(admin, 'Access role', 'Restricted')
  await told(admin, 'Access role changed')

  const panda = await as('panda')
  await visit(panda, '/self-care/company')
  await expect(panda.getByLabel(/^Name/).first()).toBeDisabled()
  await expect(panda.getByRole('textbox', { name: /E-mail/ })).toHaveCount(0)
  await expect(panda.getByRole('main')).not.toContainText('office@panda.example')
  const navigation = panda.getByRole('navigation', { name: 'Main' })
  await expect(navigation.getByRole('link', { name: 'Extensions' })).toBeVisible()
  await expect(navigation.getByRole('link', { name: 'Huntgroups' })).toHaveCount(0)
  await isRefused(panda, '/self-care/huntgroups', 403, 'Not permitted', '/self-care')
  await visit(panda, '/self-care/company')
  const version = await panda.locator('[name=version]').first().inputValue().catch(() => '1')
  const refused = await postByHand(panda, '/api/company_save', { version, email: 'mine@panda.example' })
  expect(refused.status()).toBe(403)

  // The words that it was changed may still be there from before.
  const changed = admin.waitForResponse(/customer_role_assign/)
  await choose(admin, 'Access role', 'Customer')
  expect((await changed).ok() || (await changed).status() === 303).toBe(true)
  await panda.reload()
  await usable(panda)
  await expect(field(panda, 'E-mail')).toHaveValue('office@panda.example')
  await expect(navigation.getByRole('link', { name: 'Huntgroups' })).toBeVisible()
})

test('pages of others answer 403 or 404, and lead back to the own start page', async ({ as }) => {
  const [admin, abc, john] = [await as('admin'), await as('abc'), await as('john')]
  const foreign = await idOf({ list: '/admin/accounts?q=Lin', name: 'Lin Wu' }, admin)
  const none = '01890000-0000-7000-8000-00000000abcd'
  await isRefused(john, '/admin', 403, 'Not permitted', '/self-care')
  await isRefused(john, '/self-care/extensions', 403, 'Not permitted', '/self-care')
  await isRefused(abc, '/admin/roles', 403, 'Not permitted', '/self-care')
  await isRefused(abc, `/self-care/extensions/${foreign}`, 404, 'Not found', '/self-care')
  await isRefused(abc, `/self-care/huntgroups/${none}`, 404, 'Not found', '/self-care')
  await isRefused(admin, '/self-care/company', 403, 'Not permitted', '/admin')
  await isRefused(admin, `/admin/customers/${none}`, 404, 'Not found', '/admin')
  await isRefused(admin, '/admin/customers/no-id-at-all', 404, 'Not found', '/admin')
  await isRefused(admin, '/admin/no-such-page', 404, 'There is no page here', '/admin')
  await visit(admin, `/admin/audit?kind=request&q=${foreign}`)
  await expect(row(admin, 'abc')).toContainText('404')
})

/** A page that answers with this status, says so once, and has a way back. */
async function isRefused(page: Page, path: string, status: number, heading: string, home: string) {
  const answer = await page.goto(path)
  expect(answer?.status(), path).toBe(status)
  await usable(page)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading)
  await expect(page).toHaveTitle(`${heading} · Tandem`)
  await page.getByRole('link', { name: 'Go to the start page' }).click()
  await expect(page).toHaveURL(home)
}

/** The controls on a page that would change something, were they used. Searches and previews only look. */
function enabled(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = document.querySelectorAll('main :is(input, select, textarea, button, summary):not([type=hidden])')
    const looks = (control: Element) => control.closest('form[method=get], .tree-branch > summary') !== null
    return [...controls]
      .filter((control) => !control.matches(':disabled') && !looks(control) && control.getClientRects().length > 0)
      .map((control) => control.getAttribute('name') ?? control.textContent ?? control.tagName)
  })
}
