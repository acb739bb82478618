// Everything from the keyboard: signing in, saving, dialogs, and no step without seeing where one is.

import type { Page } from '@playwright/test'
import { field, openFromList, openTab } from '../support/steps.ts'
import { expect, test, told, usable, visit } from '../support/test.ts'

test('somebody signs in and saves a change by keyboard alone, and always sees the focus', async ({ open }) => {
  const page = await open()
  await visit(page, '/sign-in')
  await tabTo(page, 'Sign-in name')
  await page.keyboard.type('mary')
  await page.keyboard.press('Tab')
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused()
  await page.keyboard.type('tandem-demo')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL('/self-care')
  await usable(page)
  await tabTo(page, 'Profile')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Profile')
  await tabTo(page, 'Last name')
  await page.keyboard.press('Control+a')
  await page.keyboard.type('Smith-Key')
  await tabTo(page, 'Save changes')
  await page.keyboard.press('Enter')
  await told(page, 'Profile saved')
  await page.reload()
  await expect(field(page, 'Last name')).toHaveValue('Smith-Key')
})

test('the first Tab offers to skip the navigation', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/customers')
  await admin.keyboard.press('Tab')
  const skip = admin.getByRole('link', { name: 'Skip to the content' })
  await expect(skip).toBeFocused()
  await expect(skip).toBeInViewport()
  await admin.keyboard.press('Enter')
  await expect(admin.getByRole('main')).toBeFocused()
  await admin.keyboard.press('Tab')
  await expect(admin.getByRole('main').locator(':focus')).toHaveCount(1)
  await expect(admin).toHaveURL(/\/admin\/customers/)
})

test('a question keeps the focus inside, closes by Escape, and gives the focus back', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Status')
  const question = admin.getByRole('dialog', { name: 'Suspend Panda?' })
  // The tab's page may come while one is on the way to its button.
  await expect(async () => {
    await field(admin, 'Reason for a change').focus()
    await tabTo(admin, 'Suspend')
    await admin.keyboard.press('Enter')
    await expect(question).toBeVisible({ timeout: 2_000 })
  }).toPass({ timeout: 20_000 })
  await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused()
  for (let i = 0; i < 4; i += 1) {
    await admin.keyboard.press('Tab')
    const outside = await question.evaluate((dialog) => {
      const here = document.activeElement
      return here !== document.body && !dialog.contains(here)
    })
    expect(outside, 'the focus is behind the question').toBe(false)
  }
  await admin.keyboard.press('Escape')
  await expect(question).toBeHidden()
  await expect(admin.locator('summary').filter({ hasText: 'Suspend' })).toBeFocused()
  // And it can be asked again.
  await admin.keyboard.press('Enter')
  await expect(question).toBeVisible()
  await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await admin.keyboard.press('Enter')
  await expect(question).toBeHidden()
})

test('Ctrl+K goes to any page by a part of its name', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/admin')
  await admin.keyboard.press('Control+k')
  const palette = admin.getByRole('dialog', { name: 'Go to' })
  await expect(palette.getByRole('textbox', { name: 'Page' })).toBeFocused()
  await admin.keyboard.press('Escape')
  await expect(palette).toBeHidden()
  await admin.keyboard.press('Control+k')
  await expect(palette.getByRole('textbox', { name: 'Page' })).toBeFocused()
  await admin.keyboard.type('dialing')
  await expect(palette.getByRole('link')).toHaveText(['Dialing rules'])
  await admin.keyboard.press('Enter')
  await expect(admin).toHaveURL('/admin/dialing-rules')
  await expect(palette).toBeHidden()
})

test('a member is moved by keyboard, and the focus moves with it', async ({ as }) => {
  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Support')
  await abc.getByRole('button', { name: 'Move Adam down' }).focus()
  await abc.keyboard.press('Enter')
  await told(abc, 'Adam is number 2 now')
  // In the list as it is now: the one before had the focus there, too.
  await expect(abc.getByRole('group', { name: / 7\d\d$/ }).nth(1)).toHaveAccessibleName('Adam 701')
  await expect(abc.getByRole('button', { name: 'Move Adam down' })).toBeFocused()
  await abc.keyboard.press('Enter')
  await told(abc, 'Adam is number 3 now')
  await expect(abc.getByRole('button', { name: 'Move Adam up' })).toBeFocused()
})

/** Presses Tab until a control of this name has the focus, and sees at every step where that is. */
async function tabTo(page: Page, name: string) {
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab')
    const [here, visible] = await page.evaluate(() => {
      const element = document.activeElement
      if (!(element instanceof HTMLElement) || element === document.body) return ['', true]
      const style = getComputedStyle(element)
      const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
      const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : []
      const name = labels.map((label) => label.textContent ?? '').join(' ') || element.ariaLabel || element.innerText
      return [name.trim(), ring]
    })
    expect(visible, `the focus on “${here}” is visible`).toBe(true)
    if (here === name) return
  }
  throw new Error(`no Tab leads to “${name}”`)
}
