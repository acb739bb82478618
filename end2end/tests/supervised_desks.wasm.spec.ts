// Adam in a browser supervises a call between two phones on desks: in every frame of what each of them heard is who may be heard
// there, and nobody else (PRODUCT §1).

import { DeskPhone } from '../support/desk-phone.ts'
import { bar, consoleOf, everyChange, isIn, markIn, ofJohn } from '../support/supervising.ts'
import { openFromList, press as turn, row as tableRow } from '../support/steps.ts'
import { hears, hearsNot, press, telephoning } from '../support/telephones.ts'
import { expect, usable, visit } from '../support/test.ts'

/** Apart enough for a frame of 20 ms, and none is a difference of others. */
const [JOHN, MARY, ADAM, OLIVIA] = [1850, 2500, 1400, 3300]

/** What share of a call's time phones on desks hear of each other: their clocks differ. */
const UNBROKEN = 0.97

/** John (744) and Mary (702) have phones on their desks, and talk. */
const test = telephoning.extend<{ desks: { john: DeskPhone; mary: DeskPhone } }>({
  desks: async ({ tandem }, use) => {
    const [john, mary] = await Promise.all([DeskPhone.of(tandem, 'abc744', JOHN), DeskPhone.of(tandem, 'abc702', MARY)])
    await mary.does('dial 744')
    await john.does('rings')
    await john.does('accept')
    await mary.does('talks')
    await john.does('talks')
    await john.does(`hears ${MARY}`)
    await mary.does(`hears ${JOHN}`)
    await use({ john, mary })
    await Promise.all([john.end(), mary.end()])
  },
})

test('between two desks each hears at every moment who may be heard there, whatever changes the mode, and no packet is lost', async ({
  telephones,
  desks: { john, mary },
}) => {
  const adam = await consoleOf(telephones, 'adam', ADAM)
  for (const desk of [john, mary]) await desk.mark('alone')
  await ofJohn(adam).getByRole('button', { name: 'Spy on John' }).click()
  await isIn(adam, 'Spy')
  for (const hertz of [JOHN, MARY]) await hears(adam, hertz)
  await john.heardExactly('alone', [MARY], [JOHN, ADAM])
  await mary.heardExactly('alone', [JOHN], [MARY, ADAM])

  const listeners = [
    { ear: john, hears: { Spy: [MARY], Whisper: [MARY, ADAM], 'Barge-in': [MARY, ADAM] } },
    { ear: mary, hears: { Spy: [JOHN], Whisper: [JOHN], 'Barge-in': [JOHN, ADAM] } },
  ]
  await everyChange(adam, listeners, [JOHN, MARY, ADAM])

  for (const desk of [john, mary]) await desk.mark('left')
  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
  await john.heardExactly('left', [MARY], [JOHN, ADAM])
  await mary.heardExactly('left', [JOHN], [MARY, ADAM])
  // What joining, switching and leaving did to both is nothing.
  await john.heardThroughout('alone', [MARY], UNBROKEN)
  await mary.heardThroughout('alone', [JOHN], UNBROKEN)
  await mary.does('hangup')
  await john.does('ended')
  for (const desk of [john, mary]) expect(await desk.does('packets')).toMatch(/^\d{3,} 0$/)
})

test('two consoles and a phone on a desk are in one call, and each sees the other', async ({
  telephones,
  tandem,
  desks: { john, mary },
  as,
}) => {
  const abc = await as('abc')
  await openFromList(abc, '/self-care/huntgroups', 'Support')
  const allowed = abc.getByRole('group', { name: 'Olivia 745' }).getByRole('switch', { name: 'Supervision allowed' })
  await turn(allowed)
  const adam = await consoleOf(telephones, 'adam', ADAM)
  // Who is not to be disturbed joins all the same: he asked for it himself.
  await visit(adam, '/self-care/phone')
  await press(adam, 'Do not disturb')
  await expect(adam.getByText(/Do not disturb is on/)).toBeVisible()
  await visit(adam, '/self-care/console')
  // What rings before the phone of this page is there is answered by hand.
  await expect(adam.getByText('This browser is your phone')).toBeVisible()
  await ofJohn(adam).getByRole('button', { name: 'Whisper on John' }).click()
  await isIn(adam, 'Whisper')

  // Olivia wants her desk's phone to ring, and has none.
  const olivia = await consoleOf(telephones, 'olivia', 700)
  await olivia.getByRole('checkbox', { name: 'Ring my phone instead' }).check()
  await olivia.reload()
  await usable(olivia)
  await expect(olivia.getByRole('checkbox', { name: 'Ring my phone instead' })).toBeChecked()
  await expect(olivia.getByText('No phone on your desk is registered. Switch one on, or join with this browser.')).toBeVisible()
  await ofJohn(olivia).getByRole('button', { name: 'Spy on John' }).click()
  await expect(olivia.getByRole('status').filter({ hasText: 'No phone on your desk is registered' })).toBeVisible()
  const desk = await DeskPhone.of(tandem, 'abc745', OLIVIA)
  try {
    await expect(olivia.getByText('Joining a call rings the phone on your desk')).toBeVisible()
    await ofJohn(olivia).getByRole('button', { name: 'Spy on John' }).click()
    await desk.does('rings')
    await expect(bar(olivia)).toContainText('Your phone rings')
    await expect(olivia.locator('.phone-call'), 'her browser does not').toHaveCount(0)
    await desk.does('accept')
    await isIn(olivia, 'Spy')
    await expect(ofJohn(olivia)).toContainText('Adam')
    await expect(ofJohn(adam)).toContainText('Olivia')
    await john.hearsExactly([MARY, ADAM], [JOHN, OLIVIA])
    await mary.hearsExactly([JOHN], [MARY, ADAM, OLIVIA])
    await desk.does(`hears ${JOHN}`)
    await desk.does(`hears ${MARY}`)

    // A key of the desk, and both consoles show it.
    await desk.does('press 2')
    await isIn(olivia, 'Barge-in')
    await expect(ofJohn(adam).locator('.console-supervisor').filter({ hasText: 'Olivia' })).toContainText('Barge-in')
    await mary.hearsExactly([JOHN, OLIVIA], [MARY, ADAM])
    await john.hearsExactly([MARY, ADAM, OLIVIA], [JOHN])
    // They hear each other: both speak to the agent.
    await hears(adam, OLIVIA)
    await desk.does(`hears ${ADAM}`)

    // Steered from the console.
    const spies = markIn(olivia, 'Spy', mary, 'spies')
    await olivia.keyboard.press('s')
    await spies
    await isIn(olivia, 'Spy')
    await mary.heardExactly('spies', [JOHN], [MARY, ADAM, OLIVIA])
    await hearsNot(adam, OLIVIA)
    await olivia.keyboard.press('Escape')
    await desk.does('ended')
    await expect(ofJohn(adam)).not.toContainText('Olivia')
    await adam.keyboard.press('Escape')
    await expect(bar(adam)).toHaveCount(0)
  } finally {
    await desk.end()
  }
  await mary.does('hangup')
  await john.does('ended')
  await visit(adam, '/self-care/phone')
  await press(adam, 'Do not disturb')
  await turn(allowed)
})

test('who is rung on the desk and does not answer is told that nothing came of it', async ({
  telephones,
  tandem,
  desks: { john, mary },
}) => {
  const adam = await consoleOf(telephones, 'adam', ADAM)
  const desk = await DeskPhone.of(tandem, 'abc701', OLIVIA)
  try {
    await adam.getByRole('checkbox', { name: 'Ring my phone instead' }).check()
    await expect(adam.getByText('Joining a call rings the phone on your desk')).toBeVisible()
    await ofJohn(adam).getByRole('button', { name: 'Spy on John' }).click()
    await desk.does('rings')
    await desk.does('hangup')
    const missed = adam.locator('.notice').filter({ hasText: 'You did not join John: your phone does not ring any more.' })
    await expect(missed).toBeInViewport()
    // Who gives it up himself knows it.
    await ofJohn(adam).getByRole('button', { name: 'Spy on John' }).click()
    await desk.does('rings')
    await expect(missed).toHaveCount(0)
    await bar(adam).getByRole('button', { name: 'Leave' }).click()
    await expect(bar(adam)).toHaveCount(0)
    await expect(missed).toHaveCount(0)
  } finally {
    await desk.end()
  }
  await mary.does('hangup')
  await john.does('ended')
})

test('a moment that is marked in the console is found on the recording’s time line', async ({
  telephones,
  desks: { john, mary },
  as,
}) => {
  const adam = await consoleOf(telephones, 'adam', ADAM)
  // The code by which John records.
  await john.does('press *44')
  await expect(ofJohn(adam)).toContainText('Recording')
  await ofJohn(adam).getByRole('button', { name: 'Spy on John' }).click()
  await isIn(adam, 'Spy')
  await bar(adam).getByLabel('Note on the call').fill('Promised a refund')
  // A place in the first second would be shown as the beginning.
  await adam.waitForTimeout(3_000)
  await bar(adam).getByRole('button', { name: 'Moment to review' }).click()
  await expect(adam.getByText('This moment is marked in the recording')).toBeVisible()
  await adam.keyboard.press('Escape')
  await mary.does('hangup')
  await john.does('ended')

  const abc = await as('abc')
  const recording = tableRow(abc, 'John').getByRole('link').first()
  await expect(async () => {
    await visit(abc, '/self-care/recordings')
    await expect(recording).toBeVisible({ timeout: 500 })
  }).toPass({ timeout: 60_000 })
  await recording.click()
  await usable(abc)
  const mark = abc.getByRole('link', { name: /Promised a refund/ })
  await expect(mark).toBeVisible()
  await mark.click()
  await expect(abc.getByRole('slider', { name: 'Place in the recording' })).not.toHaveAttribute('aria-valuetext', /^0:00 /)
})
