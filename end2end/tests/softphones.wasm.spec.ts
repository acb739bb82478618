// Standard WebRTC clients register with the extension's SIP password at /sip, call and are called.

import { SOFTPHONES, softphone, stands } from '../support/softphones.ts'
import { dial, hears, hearsNot, is, nobodyTalks, press, telephoning as test } from '../support/telephones.ts'
import { expect, visit } from '../support/test.ts'

const [JOHN, MARY] = [700, 1100]

for (const library of SOFTPHONES) {
  test(`${library} registers, calls, holds and hangs up`, async ({ telephones }) => {
    const mary = await telephones.of('mary', MARY)
    const john = await softphone(telephones, library, 'abc744', JOHN)
    await john.evaluate(() => window.softphone.call('702'))
    await is(mary, 'Incoming call')
    await expect(mary.getByRole('region', { name: 'Call: John' })).toBeVisible()
    await press(mary, 'Answer')
    await stands(john, 'talks')
    await hears(mary, JOHN)
    await hears(john, MARY)

    await john.evaluate(() => window.softphone.hold(true))
    await stands(john, 'holds')
    await is(mary, 'Holds you')
    await hearsNot(mary, JOHN)
    await hearsNot(john, MARY)
    await john.evaluate(() => window.softphone.hold(false))
    await stands(john, 'talks')
    await hears(mary, JOHN)
    await hears(john, MARY)

    await john.evaluate(() => window.softphone.hangUp())
    await stands(john, 'registered')
    await nobodyTalks(mary)
  })

  test(`${library} is called, its keys are digits, and the other end hangs up`, async ({ telephones, as }) => {
    const mary = await telephones.of('mary', MARY)
    const john = await softphone(telephones, library, 'abc744', JOHN)
    await dial(mary, '744')
    await stands(john, 'rings')
    await john.evaluate(() => window.softphone.answer())
    await stands(john, 'talks')
    await hears(mary, JOHN)
    await hears(john, MARY)

    // The code by which John records.
    await john.evaluate(() => window.softphone.press('*44'))
    const admin = await as('admin')
    await visit(admin, '/admin/calls')
    await expect(admin.getByRole('row').filter({ hasText: 'Mary Smith' }).getByText('Recording')).toBeVisible({ timeout: 20_000 })

    await press(mary, 'Hang up')
    await stands(john, 'registered')
    await nobodyTalks(mary)
  })

  test(`${library} registers again after its socket was lost, and is called`, async ({ telephones }) => {
    const mary = await telephones.of('mary', MARY)
    const john = await softphone(telephones, library, 'abc744', JOHN)
    const losses = () => john.evaluate(() => window.softphone.losses)
    const before = await losses()
    await john.evaluate(() => window.softphone.loseSocket())
    // It may be there again before anybody looks.
    await expect.poll(losses).toBeGreaterThan(before)
    await stands(john, 'registered')
    await dial(mary, '744')
    await stands(john, 'rings')
    await john.evaluate(() => window.softphone.answer())
    await hears(mary, JOHN)
    await hears(john, MARY)
    await john.evaluate(() => window.softphone.hangUp())
    await nobodyTalks(mary)
  })
}
