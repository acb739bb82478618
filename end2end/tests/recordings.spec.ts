// Call recordings (PRODUCT §2): listed and found, played and downloaded, deleted in bulk, kept to oneself, read in the mail.
// The server of this file has three of John's, which an earlier run left in the middle of their calls (support/recorded.ts).

import type { Page } from '@playwright/test'
import { idOf } from '../support/pages.ts'
import { confirm, field, openFromList, openTab, postByHand, press, row, save } from '../support/steps.ts'
import { expect, test, told, usable, visit, withWasm } from '../support/test.ts'

test('recordings are found by day, caller, destination and length; everybody sees their own', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/recordings')
  await expect(admin.getByText('3 recordings')).toBeVisible()
  for (const [query, found] of [
    ['caller=744', '2 recordings'],
    ['caller=ingrid', '1 recording'],
    ['destination=%2B32+475', '1 recording'],
    ['at_least=0:20', '1 recording'],
    ['at_most=10', '2 recordings'],
    ['customer=abc', '3 recordings'],
  ] as const) {
    await visit(admin, `/admin/recordings?${query}`)
    await expect(admin.getByText(found, { exact: true }), query).toBeVisible()
  }
  await visit(admin, '/admin/recordings?from=2030-01-01')
  await expect(admin.getByText('No recordings match')).toBeVisible()
  await visit(admin, '/admin/recordings?at_least=soon')
  await expect(admin.getByText('That did not work')).toBeVisible()

  for (const [name, found] of [['abc', '3 recordings'], ['john', '3 recordings'], ['olivia', '1 recording']] as const) {
    const page = await as(name)
    await visit(page, '/self-care/recordings')
    await expect(page.getByText(found, { exact: true }), name).toBeVisible()
  }
  const peter = await as('peter')
  await visit(peter, '/self-care/recordings')
  await expect(peter.getByText('No recordings yet')).toBeVisible()
})

test('a recording is played, sought in by its marks, and downloaded', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/self-care/recordings?at_least=0:20')
  await row(john, 'Ingrid Client').getByRole('link').click()
  await expect(john.getByRole('heading', { level: 1 })).toHaveText('Ingrid Client → John')
  await usable(john)
  await expect(john.getByText('Paused for 0:12')).toBeVisible()
  if (withWasm()) {
    const place = john.getByRole('slider', { name: 'Place in the recording' })
    await john.getByRole('link', { name: 'Paused for 0:12' }).click()
    await expect(place).toHaveAttribute('aria-valuetext', '0:20 of 0:30')
    await place.press('ArrowLeft')
    await expect(place).toHaveAttribute('aria-valuetext', '0:15 of 0:30')
    await john.getByRole('button', { name: 'Play' }).click()
    await expect(john.getByRole('button', { name: 'Pause' })).toBeVisible()
    await expect(place).toHaveAttribute('aria-valuetext', /^0:(1[6-9]|2\d) of 0:30$/)
    await place.press(' ')
    await expect(john.getByRole('button', { name: 'Play' })).toBeVisible()
  } else {
    await expect(john.locator('audio[controls]')).toBeVisible()
  }
  const file = await john.getByRole('link', { name: /Download WAV/ }).getAttribute('href')
  const answer = await john.request.get(file ?? '', { headers: { range: 'bytes=0-3' } })
  expect([answer.status(), await answer.text()]).toEqual([206, 'RIFF'])
  expect(answer.headers()['content-disposition']).toMatch(/^attachment; filename="recording-.*\.wav"$/)
  const opus = await john.request.get((file ?? '').replace('.wav?download', '.opus'))
  expect((await opus.body()).subarray(0, 4).toString()).toBe('OggS')
})

test('what the staff play is in the audit log, what nobody plays is not', async ({ as }) => {
  const admin = await as('admin')
  const id = await idOf({ list: '/admin/recordings', name: ':' }, admin)
  await visit(admin, `/admin/recordings/${id}`)
  await expect(admin.getByText('is written into the audit log')).toBeVisible()
  await visit(admin, '/admin/audit?kind=recording')
  await expect(admin.getByText('No entries match')).toBeVisible()
  await admin.request.get(`/recordings/${id}.opus`)
  await admin.request.get(`/recordings/${id}.wav?download`)
  await visit(admin, '/admin/audit?kind=recording')
  await expect(row(admin, 'played')).toHaveCount(1)
  await expect(row(admin, 'downloaded')).toHaveCount(1)
})

test('John reads of his recording in the mail, and the staff see that it was sent', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/self-care/mailbox')
  await john.locator('.list-rows').getByRole('link').first().click()
  await usable(john)
  await expect(john.frameLocator('iframe.letter').locator('body')).not.toBeEmpty()
  await expect(john.getByRole('link', { name: 'Download Opus' })).toBeVisible()
  const admin = await as('admin')
  await visit(admin, '/admin/mail?state=sent')
  await expect(admin.getByText('3 e-mails')).toBeVisible()
  await visit(admin, '/admin/mail?state=failed')
  await expect(admin.getByText('No e-mails match')).toBeVisible()
  expect((await john.request.get('/admin/mail')).status()).toBe(403)
})

test('who may keep recordings to himself does so; colleagues and company do not even learn that it is there', async ({ as }) => {
  const admin = await as('admin')
  await mayKeepToHimself(admin)
  const john = await as('john')
  await visit(john, '/self-care/recordings?destination=745')
  const id = await idOf({ list: '/self-care/recordings?destination=745', below: '/self-care/recordings', name: ':' }, john)
  await visit(john, `/self-care/recordings/${id}`)
  await press(john.getByRole('switch', { name: 'Show to myself only' }))
  await told(john, 'Only you see this recording now')
  for (const name of ['abc', 'olivia'] as const) {
    const page = await as(name)
    await visit(page, '/self-care/recordings?destination=745')
    await expect(page.getByText('No recordings match')).toBeVisible()
    for (const path of [`/self-care/recordings/${id}`, `/recordings/${id}.wav`, `/recordings/${id}.opus?download`]) {
      expect((await page.request.get(path)).status(), `${path} as ${name}`).toBe(404)
    }
    const refused = await postByHand(page, '/api/recordings_delete', { 'ids[]': id })
    expect([403, 404], name).toContain(refused.status())
  }
  await visit(admin, '/admin/recordings')
  await expect(row(admin, 'Olivia')).toContainText('Private')
})

test('the company deletes recordings, several at once, after a question that says how many', async ({ as }) => {
  const abc = await as('abc')
  await visit(abc, '/self-care/recordings')
  await expect(abc.getByText('2 recordings')).toBeVisible()
  for (const box of await abc.getByRole('checkbox').all()) await box.check()
  await abc.getByRole('button', { name: 'Delete chosen' }).click()
  await usable(abc)
  await expect(abc.getByRole('heading', { name: 'Delete 2 recordings?' })).toBeVisible()
  await abc.getByRole('link', { name: 'Cancel' }).click()
  await usable(abc)
  await abc.getByRole('checkbox').first().check()
  await abc.getByRole('button', { name: 'Delete chosen' }).click()
  await usable(abc)
  await abc.getByRole('button', { name: 'Delete 1 recording' }).click()
  await told(abc, 'Recording deleted')
  await expect(abc.getByText('1 recording', { exact: true })).toBeVisible()

  await abc.locator('.list-rows').getByRole('link').first().click()
  await usable(abc)
  await confirm(abc, 'Delete', 'Delete this recording?', 'Delete recording')
  await told(abc, 'Recording deleted')
  await expect(abc.getByText('No recordings yet')).toBeVisible()
})

test('a class says for how long recordings are kept', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/classes', 'Business')
  const days = field(admin, 'Keep call recordings for … days')
  await days.fill('4000')
  await save(admin)
  await expect(admin.getByText(/from 1 to 3650 days/).first()).toBeVisible()
  await days.fill('90')
  await save(admin)
  await told(admin, 'Customer class saved')
  await admin.reload()
  await expect(days).toHaveValue('90')
})

/** Gives John a role that lets him say for whom his recordings are. */
async function mayKeepToHimself(admin: Page): Promise<void> {
  await openFromList(admin, '/admin/roles', /^Account$/)
  await admin.getByRole('link', { name: 'Copy', exact: true }).click()
  await usable(admin)
  await field(admin, 'Name').fill('Private recordings')
  const name = 'Account > Call recording > Show the call recording to account only'
  await admin.getByRole('combobox', { name }).selectOption({ label: 'Modify' })
  await save(admin, 'Add access role')
  await told(admin, 'Access role added')
  await openFromList(admin, '/admin/accounts?q=John', 'John')
  await openTab(admin, 'Account', 'General')
  await admin.getByRole('combobox', { name: 'Access role' }).selectOption({ label: 'Private recordings' })
  await save(admin)
  await told(admin, 'Account saved')
}
