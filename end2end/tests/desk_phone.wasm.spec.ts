// The phone in the browser and a phone on the desk: they call each other, and each hears the other's tone.

import { DeskPhone } from '../support/desk-phone.ts'
import { dial, heardOf, hears, hearsNot, is, nobodyTalks, press, telephoning } from '../support/telephones.ts'

const [JOHN, MARY, ADAM] = [700, 1100, 1500]

/** Mary has a phone on her desk. */
const test = telephoning.extend<{ desk: DeskPhone }>({
  desk: async ({ tandem }, use) => {
    const desk = await DeskPhone.of(tandem, 'abc702', MARY)
    await use(desk)
    await desk.end()
  },
})

test('the browser calls the desk: sound, keys and hold, and the desk hangs up', async ({ telephones, desk }) => {
  const john = await telephones.of('john', JOHN)
  await dial(john, '702')
  await desk.does('rings')
  await desk.does('accept')
  await is(john, 'Connected')
  await desk.does(`hears ${JOHN}`)
  await hears(john, MARY)

  for (const key of ['5', '#', '0']) await press(john, `Key ${key}`)
  await desk.does('digits 5#0')

  await press(john, 'Hold')
  await is(john, 'On hold')
  await desk.does(`silent ${JOHN}`)
  await hearsNot(john, MARY)
  await press(john, 'Resume')
  await is(john, 'Connected')
  await desk.does(`hears ${JOHN}`)
  await hears(john, MARY)

  await desk.does('hold')
  await is(john, 'Holds you')
  await hearsNot(john, MARY)
  await desk.does('resume')
  await is(john, 'Connected')
  await hears(john, MARY)

  await desk.does('hangup')
  await nobodyTalks(john)
})

test('the desk calls the browser, hands it over to another one, and a browser hangs up', async ({ telephones, desk }) => {
  const [john, adam] = [await telephones.of('john', JOHN), await telephones.of('adam', ADAM)]
  await desk.does('dial 744')
  await is(john, 'Incoming call')
  await press(john, 'Answer')
  await desk.does('talks')
  await desk.does(`hears ${JOHN}`)
  await hears(john, MARY)

  // The desk's keys are digits for the exchange, too: the code by which Mary might record is passed on as digits.
  await desk.does('press 12')
  // Who has a browser hears which key it was: 9 is 852 and 1477 Hz (ITU-T Q.23).
  await heardOf(john, [852, 1477], () => desk.does('press 9'))
  await desk.does('transfer 701')
  await is(adam, 'Incoming call')
  await press(adam, 'Answer')
  await hears(adam, JOHN, MARY)
  await hears(john, ADAM, MARY)
  await press(adam, 'Hang up')
  await nobodyTalks(john, adam)
})

test('a browser hands the desk over to another browser', async ({ telephones, desk }) => {
  const [john, adam] = [await telephones.of('john', JOHN), await telephones.of('adam', ADAM)]
  await desk.does('dial 744')
  await is(john, 'Incoming call')
  await press(john, 'Answer')
  await desk.does('talks')
  await desk.does(`hears ${JOHN}`)
  await john.getByLabel('Transfer to').fill('701')
  await press(john, 'Transfer')
  await is(adam, 'Incoming call')
  await press(adam, 'Answer')
  await desk.does(`hears ${ADAM}`)
  await hears(adam, MARY, JOHN)
  await nobodyTalks(john)
  await press(adam, 'Hang up')
  await desk.does('ended')
  await nobodyTalks(adam)
})
