// The audit log: who, which field, from what to what, when, from where; filtered, and as a file.

import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { field, openFromList, openTab, row, save } from '../support/steps.ts'
import { expect, test, told, visit, withWasm } from '../support/test.ts'

const AWKWARD = 'Panda, the "great" one'

test('a change stands in the log with who, field, before, after, when and from where', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await field(admin, 'E-mail').fill('accounts@panda.example')
  await save(admin)
  await told(admin, 'Customer saved')
  await openTab(admin, 'Customer', 'History')
  await expect(row(admin, 'accounts@panda.example')).toContainText('office@panda.example')

  await visit(admin, '/admin/audit?kind=customer&q=accounts%40panda')
  const line = row(admin, 'accounts@panda.example')
  await expect(line).toHaveCount(1)
  const cells = line.getByRole('cell')
  await expect(cells).toHaveText([
    /^\d{1,2} \w{3} \d{4},? \d{2}:\d{2}:\d{2}$/,
    /admin\s*127\.0\.0\.1/,
    /Panda\s*Customer/,
    /E-mail\s*changed/,
    'office@panda.example',
    'accounts@panda.example',
  ])
  await line.getByRole('link').click()
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Panda')
})

test('the log is filtered by person, kind, day and words', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/company')
  await field(abc, 'E-mail').fill('hello@abc.example')
  await save(abc)
  await told(abc, 'Company details saved')

  const admin = await as('admin')
  await visit(admin, '/admin/audit')
  await admin.getByLabel('Who').fill('abc')
  await apply(admin)
  await expect(row(admin, 'hello@abc.example')).toContainText('abc')
  await expect.poll(() => people(admin)).toEqual(['abc'])
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Brussels' }).format(new Date())
  await admin.getByLabel('From').fill(today)
  await admin.getByLabel('To', { exact: true }).fill(today)
  await apply(admin)
  await expect(row(admin, 'hello@abc.example')).toBeVisible()
  expect(admin.url()).toContain(`from=${today}`)
  await admin.getByLabel('From').fill('2030-01-01')
  await admin.getByLabel('To', { exact: true }).fill('')
  await apply(admin)
  await expect(admin.getByText('No entries match')).toBeVisible()
  await visit(admin, '/admin/audit?kind=customer&who=abc')
  await expect(admin.getByRole('combobox', { name: 'Kind' }).locator('option:checked')).toHaveText('Customer')
  await expect(row(admin, 'hello@abc.example')).toBeVisible()
  await visit(admin, '/admin/audit?kind=class&who=abc')
  await expect(admin.getByText('No entries match')).toBeVisible()
})

test('a customer reads what concerns its own data, and nothing of others', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await field(admin, 'Time zone').fill('Europe/Lisbon')
  await save(admin)
  await told(admin, 'Customer saved')
  const panda = await as('panda')
  await visit(panda, '/self-care/audit')
  await expect(row(panda, 'Europe/Lisbon')).toContainText(/the provider/i)
  const abc = await as('abc')
  await visit(abc, '/self-care/audit?q=Lisbon')
  await expect(abc.getByText('No entries match')).toBeVisible()
  const file = await abc.request.get('/self-care/audit.csv')
  expect(file.status()).toBe(200)
  expect(await file.text()).not.toContain('Lisbon')
  for (const path of ['/admin/audit', '/admin/audit.csv']) {
    expect((await abc.request.get(path)).status(), path).toBe(403)
  }
})

test('the log is downloaded as a file that spreadsheets read: heads, quotes, commas', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/classes/new')
  await field(admin, 'Name').fill(AWKWARD)
  await save(admin, 'Add class')
  await told(admin, 'Customer class added')
  await field(admin, 'Name').fill('=1+1')
  await save(admin)
  await told(admin, 'Customer class saved')

  await visit(admin, '/admin/audit?kind=class')
  const begun = admin.waitForEvent('download')
  await admin.getByRole('link', { name: 'Export CSV' }).click()
  const download = await begun
  expect(download.suggestedFilename()).toMatch(/^audit-\d{4}-\d{2}-\d{2}\.csv$/)
  const text = await readFile(await download.path(), 'utf8')
  const [heads, ...rows] = parse(text)
  expect(heads).toEqual([
    'Time', 'Who', 'Address', 'Kind', 'Record', 'Record id', 'Customer id', 'Action', 'Field', 'Before', 'After',
  ])
  expect(new Set(rows.map((cells) => cells.length))).toEqual(new Set([11]))
  expect(new Set(rows.map((cells) => cells[3]))).toEqual(new Set(['Customer class']))
  const renamed = rows.find((cells) => cells[9] === AWKWARD)
  expect(renamed?.[0]).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{2}:\d{2}$/)
  expect(renamed?.slice(1, 3)).toEqual(['admin', '127.0.0.1'])
  expect(renamed?.slice(7)).toEqual(['changed', 'name', AWKWARD, "'=1+1"])
})

test('a wrong password and a refused page are in the log', async ({ as, open }) => {
  const nobody = await open()
  await nobody.request.post('/api/sign_in', {
    form: { name: 'peter', password: 'a guess' },
    headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' },
  })
  const john = await as('john')
  await john.goto('/admin/customers')
  const admin = await as('admin')
  await visit(admin, '/admin/audit?kind=sign_in&q=peter')
  await expect(row(admin, 'refused').first()).toContainText('127.0.0.1')
  await visit(admin, '/admin/audit?kind=request&who=john')
  await expect(row(admin, '/admin/customers')).toContainText('403')
})

/** Without WebAssembly the filters are sent by a button. */
async function apply(page: Page) {
  if (!withWasm()) await page.getByRole('button', { name: 'Search', exact: true }).click()
}

/** The people in the rows, each once. */
async function people(page: Page): Promise<string[]> {
  const cells = await page.locator('tbody td[data-label=Who]').allInnerTexts()
  return [...new Set(cells.map((cell) => cell.split(/\s/)[0] ?? ''))]
}

/** The cells of a CSV file as RFC 4180 reads it. */
function parse(text: string): string[][] {
  const rows: string[][] = []
  let cells: string[] = []
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/gy
  for (let match = pattern.exec(text); match !== null && pattern.lastIndex <= text.length; match = pattern.exec(text)) {
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] !== ',') {
      rows.push(cells)
      cells = []
    }
    if (pattern.lastIndex === text.length) break
  }
  expect(pattern.lastIndex, 'the whole file can be read').toBe(text.length)
  return rows
}
