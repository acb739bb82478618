// Recordings by e-mail (PRODUCT §2): the customer class's notification, the account's address, and the account's option.

import type { Locator, Page } from '@playwright/test'
import { fact, field, isWrong, openFromList, openTab, press, save } from '../support/steps.ts'
import { expect, test, told, usable, visit } from '../support/test.ts'

const NOTIFICATION = 'New call recording is available'
const OPTION = 'Send the call recording via email'
const OWN_OPTION = 'Send my call recordings via email'

test('the administrator turns the class’s notification off and on; the user reads what is missing', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/classes', 'Business')
  const notification = admin.getByRole('switch', { name: NOTIFICATION })
  await expect(notification).toBeChecked()
  await notification.uncheck()
  await save(admin)
  await told(admin, 'Customer class saved')

  const john = await as('john')
  await visit(john, '/self-care/recording')
  await expect(fact(john, `“${NOTIFICATION}” for your company`)).toHaveText('Off; your provider turns it on')
  await expect(john.getByText('Ask your provider to turn the notification on for your company.')).toBeVisible()

  await notification.check()
  await save(admin)
  await told(admin, 'Customer class saved')
  await john.reload()
  await expect(fact(john, `“${NOTIFICATION}” for your company`)).toHaveText('On')
})

test('the option is inherited from the customer or the account’s own: stored and effective value apart', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await openTab(admin, 'Customer', 'Services > Voice calls')
  await expect(admin.getByRole('switch', { name: OPTION })).toHaveAttribute('aria-checked', 'false')
  await press(admin.getByRole('switch', { name: OPTION }))
  await told(admin, `${OPTION}: On`)
  await expect(setting(admin, OPTION)).toContainText('Set here; the default is “Off”')

  const lin = await as('admin')
  await openFromList(lin, '/admin/accounts?q=Lin', 'Lin Wu')
  await openTab(lin, 'Account', 'Services')
  const option = lin.getByRole('switch', { name: OPTION })
  await expect(setting(lin, OPTION)).toContainText('From the customer')
  await expect(option).toHaveAttribute('aria-checked', 'true')
  await expect(lin.getByText(`Recordings are not e-mailed: the customer class has “${NOTIFICATION}” off.`)).toBeVisible()

  await press(option)
  await told(lin, `${OPTION}: Off`)
  await expect(setting(lin, OPTION)).toContainText('Own value; the customer has “On”')
  await press(admin.getByRole('switch', { name: OPTION }))
  await told(admin, `${OPTION}: Off`)
  await lin.reload()
  await usable(lin)
  await expect(setting(lin, OPTION)).toContainText('Own value; the customer has “Off”')
  await setting(lin, OPTION).getByRole('button', { name: 'Use the inherited value' }).click()
  await told(lin, `${OPTION}: no value of its own any more`)
  await expect(setting(lin, OPTION)).toContainText('From the customer')
  await expect(option).toHaveAttribute('aria-checked', 'false')
})

test('the user turns the option on and off in self-care, and the administrator sees it', async ({ as }) => {
  const mary = await as('mary')
  await visit(mary, '/self-care/recording')
  await expect(setting(mary, OWN_OPTION)).toContainText('Default')
  await press(mary.getByRole('switch', { name: OWN_OPTION }))
  await told(mary, `${OWN_OPTION}: On`)
  await expect(mary.getByText('Recordings are e-mailed to mary@abc.example.')).toBeVisible()
  await expect(setting(mary, OWN_OPTION)).toContainText('Own value; the company has “Off”')

  const admin = await as('admin')
  await openFromList(admin, '/admin/accounts?q=Mary', 'Mary Smith')
  await openTab(admin, 'Account', 'Services')
  await expect(admin.getByRole('switch', { name: OPTION })).toHaveAttribute('aria-checked', 'true')

  await press(mary.getByRole('switch', { name: OWN_OPTION }))
  await told(mary, `${OWN_OPTION}: Off`)
  await expect(mary.getByText('Recordings are not e-mailed to you. Turn the option on.')).toBeVisible()
})

test('without an e-mail address nothing is e-mailed: the user is led to the profile, and adds one', async ({ as }) => {
  const admin = await as('admin')
  await openFromList(admin, '/admin/accounts?q=Peter', 'Peter')
  await field(admin, 'E-mail').fill('peter at abc')
  await save(admin)
  await isWrong(field(admin, 'E-mail'), 'Enter an e-mail address such as name@example.com.')
  await expect(field(admin, 'E-mail')).toHaveValue('peter at abc')
  await field(admin, 'E-mail').fill('')
  await save(admin)
  await told(admin, 'Account saved')
  await openTab(admin, 'Account', 'Services')
  await press(admin.getByRole('switch', { name: OPTION }))
  await expect(admin.getByText('Recordings are not e-mailed yet: the account has no e-mail address.')).toBeVisible()

  const peter = await as('peter')
  await visit(peter, '/self-care/recording')
  await expect(fact(peter, 'Your e-mail address')).toHaveText('None yet')
  await peter.getByRole('link', { name: 'Add your e-mail address' }).click()
  await usable(peter)
  await field(peter, 'E-mail').fill('peter@abc.example')
  await save(peter)
  await told(peter, 'Profile saved')
  await visit(peter, '/self-care/recording')
  await expect(peter.getByText('Recordings are e-mailed to peter@abc.example.')).toBeVisible()
})

/** A setting with its name, its source and its buttons. */
function setting(page: Page, name: string): Locator {
  return page.locator('.setting').filter({ has: page.getByText(name, { exact: true }) })
}
