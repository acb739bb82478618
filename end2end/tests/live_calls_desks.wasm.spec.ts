// The demonstration as the README tells of it: phones on desks register beside its people, reach Support, call each other, hold and
// hand over, while the people's own calls go on and are seen.

import type { Page } from '@playwright/test'
import type { DeskPhone } from '../support/desk-phone.ts'
import { atDesks as test } from '../support/desks.ts'
import { expect, visit } from '../support/test.ts'

/** The demonstration's people call within seconds, and again within a minute after each call. */
const SOON = { timeout: 90_000 }
const [JOHN, MARY, ADAM, PETER] = [700, 1100, 1500, 1900]

/** Answered calls of the demonstration's clients with an agent. */
function clients(admin: Page, agent: RegExp) {
  return admin.getByRole('row').filter({ hasText: 'Answered' }).filter({ hasText: 'via Support' }).filter({ hasText: agent })
}

/** The two hear each other. */
async function talk(one: DeskPhone, tone: number, other: DeskPhone, otherTone: number) {
  await one.does(`hears ${otherTone}`)
  await other.does(`hears ${tone}`)
}

test('phones on desks reach Support, talk, hold and hand over beside the people of the demonstration', async ({ as, desk }) => {
  const admin = await as('admin')
  await visit(admin, '/admin/calls')
  for (const agent of [/John/, /Olivia/]) await expect(clients(admin, agent).first()).toBeVisible(SOON)

  // Support: John and Olivia talk, so it rings at Adam's.
  const [mary, adam] = [await desk('abc702', MARY), await desk('abc701', ADAM)]
  await mary.does('dial 7700')
  // A client of the demonstration who rings there meanwhile is declined.
  while (!(await adam.does('rings')).includes('702')) await adam.does('hangup')
  await adam.does('accept')
  await mary.does('talks')
  await talk(mary, MARY, adam, ADAM)
  await expect(clients(admin, /Adam/).filter({ hasText: 'Mary Smith' })).toBeVisible()
  await adam.does('hangup')
  await mary.does('ended')

  // John's real phone: the John of the demonstration steps aside.
  const [john, peter] = [await desk('abc744', JOHN), await desk('abc746', PETER)]
  await john.does('dial 702')
  await mary.does('rings')
  await mary.does('accept')
  await john.does('talks')
  await talk(john, JOHN, mary, MARY)
  const call = admin.getByRole('row').filter({ hasText: 'Mary Smith' })
  await expect(call.filter({ hasText: 'John' }).filter({ hasText: 'Answered' })).toBeVisible()
  for (const [holder, tone, held] of [[john, JOHN, mary], [mary, MARY, john]] as const) {
    await holder.does('hold')
    await held.does(`silent ${tone}`)
    await expect(call.filter({ hasText: 'On hold' })).toBeVisible()
    await holder.does('resume')
    await talk(john, JOHN, mary, MARY)
  }
  await expect(clients(admin, /Olivia/).first()).toBeVisible(SOON)

  await john.does('transfer 746')
  await peter.does('rings')
  await peter.does('accept')
  await talk(peter, PETER, mary, MARY)
  await john.does('ended')
  await expect(call.filter({ hasText: 'Peter' }).filter({ hasText: 'Answered' })).toBeVisible()
  await expect(clients(admin, /Olivia/).first()).toBeVisible(SOON)
  await peter.does('hangup')
  await mary.does('ended')
  await expect(call).toHaveCount(0)
})
