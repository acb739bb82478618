// One's own profile: password, theme, language and time zone.

import { fact, field, isWrong, openFromList, row, save, secret, signIn } from '../support/steps.ts'
import { expect, test, told, usable, visit, withWasm } from '../support/test.ts'

const NEW = 'four plain words here'

test('a change of password ends the other sessions; this one goes on', async ({ as, open }) => {
  const here = await as('olivia')
  const elsewhere = await as('olivia')
  await visit(elsewhere, '/self-care')
  await visit(here, '/profile')
  const change = async (current: string, next: string, again: string) => {
    await secret(here, 'Current password').fill(current)
    await secret(here, 'New password').fill(next)
    await secret(here, 'New password again').fill(again)
    await save(here, 'Change password')
  }
  await change('tandem-demo', 'short', 'short')
  await isWrong(secret(here, 'New password'), 'Use at least 10 characters')
  await change('tandem-demo', '1234567890', '1234567890')
  await isWrong(secret(here, 'New password'), 'This password is among the first that attackers try; choose another.')
  await change('tandem-demo', NEW, 'four other words here')
  await isWrong(secret(here, 'New password again'), 'This is not the same as the new password.')
  await change('tandem-demo', 'tandem-demo', 'tandem-demo')
  await isWrong(secret(here, 'New password'), 'This is your current password; choose another.')
  await change('not my password', NEW, NEW)
  await isWrong(secret(here, 'Current password'), 'This is not your current password.')
  await elsewhere.reload()
  await expect(elsewhere).toHaveURL('/self-care')

  await change('tandem-demo', NEW, NEW)
  await told(here, 'Password changed. Other sessions have ended.')
  await here.reload()
  await expect(here.getByRole('heading', { level: 1 })).toHaveText('Profile')
  await elsewhere.reload()
  await expect(elsewhere).toHaveURL(/\/sign-in/)

  const again = await open()
  await visit(again, '/sign-in')
  await signIn(again, 'olivia', 'tandem-demo')
  await isWrong(secret(again), 'wrong')
  await signIn(again, 'olivia', NEW)
  await expect(again).toHaveURL('/self-care')
})

test('the theme is kept on this device, and the page comes in it', async ({ as, tandem }) => {
  const john = await as('john')
  await visit(john, '/profile')
  await expect(john.locator('html')).toHaveAttribute('data-theme', 'system')
  const theme = john.getByRole('main').getByRole('group', { name: 'Theme' })
  await theme.getByRole('link', { name: 'Dark' }).click()
  await expect(john.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(theme.getByRole('link', { name: 'Dark' })).toHaveAttribute('aria-current', 'true')
  await expect(john).toHaveURL('/profile')
  await visit(john, '/self-care')
  await expect(john.locator('html')).toHaveAttribute('data-theme', 'dark')
  expect(await (await john.request.get(`${tandem.url}/self-care`)).text()).toContain('data-theme="dark"')
  await visit(john, '/profile')
  await theme.getByRole('link', { name: 'As the device' }).click()
  await expect(john.locator('html')).toHaveAttribute('data-theme', 'system')
})

test('the profile shows who one is, and how dates and times are read', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/profile')
  await expect(fact(john, 'Sign-in name')).toHaveText('john')
  await expect(fact(john, 'Role')).toHaveText('Account')
  await expect(fact(john, 'Extension')).toHaveText('744')
  await expect(fact(john, 'Dates and numbers')).toHaveText(/United Kingdom/)
  await expect(fact(john, 'Time zone')).toHaveText('Europe/Brussels')

  const panda = await as('panda')
  const admin = await as('admin')
  await openFromList(admin, '/admin/customers', 'Panda')
  await admin.getByRole('combobox', { name: 'Dates and numbers' }).selectOption({ index: 1 })
  const locale = await admin.getByRole('combobox', { name: 'Dates and numbers' }).locator('option:checked').innerText()
  await field(admin, 'Time zone').fill('Asia/Tokyo')
  await save(admin)
  await told(admin, 'Customer saved')
  await visit(panda, '/profile')
  await expect(fact(panda, 'Dates and numbers')).toHaveText(locale)
  await expect(fact(panda, 'Time zone')).toHaveText('Asia/Tokyo')
})

test('an administrator chooses how dates are shown, and all pages show them so', async ({ as }) => {
  const admin = await as('admin')
  await visit(admin, '/profile')
  await admin.getByRole('combobox', { name: 'Dates and numbers' }).selectOption('en-US')
  await field(admin, 'Time zone').fill('America/Nowhere')
  await save(admin)
  await isWrong(field(admin, 'Time zone'), 'no such time zone')
  await expect(admin.getByRole('combobox', { name: 'Dates and numbers' })).toHaveValue('en-US')
  await field(admin, 'Time zone').fill('America/New_York')
  await save(admin)
  await told(admin, 'Dates and time zone saved')
  await visit(admin, '/admin/audit')
  const line = row(admin, 'America/New_York')
  await expect(line).toContainText(/[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2}(:\d{2})? [AP]M/)
})

test('a password is shown only while one asks for it', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/profile')
  const password = secret(john, 'New password')
  await password.fill('a secret of mine')
  await expect(password).toHaveAttribute('type', 'password')
  if (withWasm()) {
    const eye = john.locator('.field', { has: password }).getByRole('button', { name: 'Show the password' })
    await eye.click()
    await expect(password).toHaveAttribute('type', 'text')
    await eye.click()
  }
  await expect(password).toHaveAttribute('type', 'password')
  await usable(john)
})
