// Whom to call: people and earlier calls are offered while one types, calls that were are called again, and a call makes
// itself noticed where another page is in sight.

import type { Page } from '@playwright/test'
import { violations } from '../support/axe.ts'
import { dial, is, nobodyTalks, press, telephoning as test } from '../support/telephones.ts'
import { expect, visit } from '../support/test.ts'

const [JOHN, MARY] = [700, 1100]

/** The field in which somebody is named or numbered. */
function whom(page: Page) {
  return page.getByRole('combobox', { name: 'Name or number' })
}

/** Those who are offered. */
function offered(page: Page) {
  return page.getByRole('listbox', { name: 'People' }).first().getByRole('option')
}

/** Whether the page is in sight, as the page itself is told. */
async function inSight(page: Page, seen: boolean) {
  await page.evaluate((seen) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => !seen })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }, seen)
}

test('people are offered by name and number, chosen by keys, and called', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  await expect(whom(john)).toHaveAttribute('aria-expanded', 'false')
  // No network is needed for what is offered.
  await whom(john).fill('mary')
  await expect(offered(john)).toHaveCount(1)
  await john.context().setOffline(true)
  await whom(john).fill('')
  await whom(john).pressSequentially('7')
  await expect(offered(john)).toHaveText([/Adam ?701/, /Mary Smith ?702/, /Olivia ?745/, /Peter ?746/])
  await john.context().setOffline(false)
  await expect(whom(john)).toHaveAttribute('aria-expanded', 'true')
  expect(await violations(john), 'the phone with its list').toEqual([])

  await whom(john).press('ArrowDown')
  await whom(john).press('ArrowDown')
  const mine = offered(john).nth(1)
  await expect(mine).toHaveAttribute('aria-selected', 'true')
  await expect(whom(john)).toHaveAttribute('aria-activedescendant', (await mine.getAttribute('id')) ?? '')
  await expect(whom(john)).toBeFocused()
  // Round about, both ways.
  await whom(john).press('ArrowUp')
  await whom(john).press('ArrowUp')
  await expect(offered(john).nth(3)).toHaveAttribute('aria-selected', 'true')
  await whom(john).press('Escape')
  await expect(offered(john)).toHaveCount(0)
  await expect(whom(john)).toHaveValue('7')

  await whom(john).fill('smi')
  await whom(john).press('ArrowDown')
  await whom(john).press('Enter')
  await expect(whom(john)).toHaveValue('702')
  await expect(john.locator('.phone-call'), 'chosen, not called yet').toHaveCount(0)
  await whom(john).press('Enter')
  await expect(john.getByRole('region', { name: 'Call: Mary Smith' })).toBeVisible()
  await press(mary, 'Decline')
  await nobodyTalks(john, mary)

  // With the mouse, and by a name that is nobody else's.
  await whom(john).fill('oli')
  await offered(john).filter({ hasText: 'Olivia' }).click()
  await expect(whom(john)).toHaveValue('745')
  await whom(john).fill('nobody of this name')
  await press(john, 'Call')
  await expect(whom(john)).toHaveAttribute('aria-invalid', 'true')
  await expect(whom(john)).toHaveAccessibleDescription(/Nobody of this name is known/)
  await dial(john, 'Mary Smith')
  await is(mary, 'Incoming call')
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
})

test('earlier calls are searched and called again', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  const recent = (page: Page) => page.getByRole('list', { name: 'Recent calls' }).getByRole('listitem')
  await dial(john, '702')
  await is(mary, 'Incoming call')
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)
  await expect(recent(mary).first()).toContainText('John')
  await expect(recent(mary).first()).toContainText('Missed')
  await expect(recent(john).first()).toContainText('Outgoing')

  await mary.getByRole('searchbox', { name: 'Search recent calls' }).fill('nobody of this name')
  await expect(mary.getByText('No calls match.')).toBeVisible()
  await mary.getByRole('searchbox', { name: 'Search recent calls' }).fill('744')
  await expect(recent(mary).first()).toContainText('John')
  expect(await violations(mary), 'the phone with its earlier calls').toEqual([])
  await recent(mary).first().getByRole('button', { name: 'Call John' }).click()
  await is(john, 'Incoming call')
  await press(john, 'Answer')
  await is(mary, 'Connected')
  await press(john, 'Hang up')
  await nobodyTalks(john, mary)

  // Whoever was called last is offered before anything is typed.
  await whom(mary).press('ArrowDown')
  await expect(offered(mary).first()).toContainText('John')
})

test('a call makes itself noticed where another page is in sight, and only if that is wanted', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.browser('mary', MARY)]
  // What would be shown to Mary, whether the browser asked her, and whether her window was brought forward.
  await mary.addInitScript(() => {
    const told: unknown[] = []
    class Told extends EventTarget {
      static permission = 'default'
      static async requestPermission() {
        told.push('asked')
        Told.permission = 'granted'
        return 'granted'
      }
      onclick: (() => void) | null = null
      constructor(title: string, options: NotificationOptions) {
        super()
        told.push(`${title}: ${options.body}`)
        Object.assign(window, { clickNotice: () => this.onclick?.() })
      }
      close() {
        told.push('closed')
      }
    }
    Object.assign(window, { Notification: Told, told, focus: () => told.push('in front') })
  })
  await visit(mary, '/self-care/phone')
  await expect(mary.getByText(/^Ready: extension/)).toBeVisible()
  const told = () => mary.evaluate(() => (window as unknown as { told: string[] }).told)
  const title = await mary.title()
  const callMary = async () => {
    await dial(john, '702')
    await is(mary, 'Incoming call')
    await expect(mary).toHaveTitle(`☎ John calls – ${title}`)
  }
  const giveUp = async () => {
    await press(john, 'Hang up')
    await nobodyTalks(john)
    await expect(mary).toHaveTitle(title)
  }

  // It is not wanted: the title says it, and nobody was asked.
  await inSight(mary, false)
  await callMary()
  await giveUp()
  expect(await told()).toEqual([])

  await inSight(mary, true)
  const wanted = mary.getByRole('checkbox', { name: 'Notify me of calls while another page is in sight' })
  await wanted.check()
  await expect.poll(told).toEqual(['asked'])
  await expect(wanted).toBeChecked()

  // Who sees the page need not be told.
  await callMary()
  await giveUp()
  expect(await told()).toEqual(['asked'])

  await inSight(mary, false)
  await callMary()
  await expect.poll(told).toEqual(['asked', 'John calls: 744'])
  await mary.evaluate(() => (window as unknown as { clickNotice: () => void }).clickNotice())
  expect((await told()).slice(2, 4)).toEqual(['in front', 'closed'])
  await inSight(mary, true)
  await giveUp()
})
