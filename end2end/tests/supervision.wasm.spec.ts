// Adam in a browser supervises a call between two browsers, each with a tone of its own: who hears whom in which mode, switched
// by click, key and digit, is what PRODUCT §1 says, and nobody ever hears a spy, whatever his microphone sends.

import { bar, isIn } from '../support/supervising.ts'
import { dial, hears, hearsNot, is, press, pressDocked, Telephones } from '../support/telephones.ts'
import { expect, test as base, visit } from '../support/test.ts'

const [JOHN, MARY, ADAM] = [700, 1100, 1500]

const test = base.extend<{ telephones: Telephones }>({
  telephones: async ({ tandem }, use) => {
    const telephones = new Telephones(tandem)
    await use(telephones)
    await telephones.end()
  },
})

test('spy, whisper and barge-in are heard as they must be, by click, key and digit', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  await dial(john, '702')
  await is(mary, 'Incoming call')

  // It rings: it is there, and cannot be joined.
  const adam = await telephones.of('adam', ADAM)
  await visit(adam, '/self-care/console')
  const row = adam.locator('.console-call').filter({ hasText: 'John' })
  await expect(row).toContainText('Ringing')
  await expect(row).toContainText('Nobody has answered yet.')
  for (const button of await row.locator('button[name=mode]').all()) await expect(button).toBeDisabled()

  await press(mary, 'Answer')
  await is(john, 'Connected')
  await row.getByRole('button', { name: 'Spy on John' }).click()
  await isIn(adam, 'Spy')
  await hears(adam, JOHN)
  await hears(adam, MARY)
  await hearsNot(john, ADAM)
  await hearsNot(mary, ADAM)

  await adam.keyboard.press('w')
  await isIn(adam, 'Whisper')
  await hears(john, ADAM)
  await hearsNot(mary, ADAM)
  await hears(mary, JOHN)

  await bar(adam).getByRole('button', { name: /^Barge-in/ }).click()
  await isIn(adam, 'Barge-in')
  await hears(mary, ADAM)
  await hears(john, ADAM)

  // A digit of his phone, which the parties do not hear, and which the console shows.
  await pressDocked(adam, '0')
  await hearsNot(john, ADAM)
  await hearsNot(mary, ADAM)
  await isIn(adam, 'Spy')
  await hears(john, MARY)
  await hears(mary, JOHN)

  await adam.keyboard.press('Escape')
  await expect(bar(adam)).toHaveCount(0)
  await hears(john, MARY)
  await press(john, 'Hang up')
  await expect(adam.getByText('Nobody is on a call')).toBeVisible()
})

test('who follows an agent is in the next call by himself', async ({ telephones }) => {
  const [john, mary] = [await telephones.of('john', JOHN), await telephones.of('mary', MARY)]
  const adam = await telephones.of('adam', ADAM)
  await visit(adam, '/self-care/console')
  const talk = async () => {
    await dial(mary, '744')
    await is(john, 'Incoming call')
    await press(john, 'Answer')
    await is(mary, 'Connected')
  }
  await talk()
  await adam.getByRole('button', { name: 'Whisper on John' }).first().click()
  await isIn(adam, 'Whisper')
  await adam.getByRole('button', { name: 'Follow this agent' }).click()
  await expect(adam.getByRole('button', { name: 'Follow this agent' })).toHaveAttribute('aria-pressed', 'true')
  await press(mary, 'Hang up')
  await expect(bar(adam)).toContainText('Waiting for the next call.')
  await expect(mary.getByText('No call at the moment.')).toBeVisible()
  await expect(john.getByText('No call at the moment.')).toBeVisible()
  await talk()
  await expect(bar(adam)).toContainText('Only John hears you.')
  await hears(john, ADAM)
  await hearsNot(mary, ADAM)
  await bar(adam).getByRole('button', { name: 'Leave' }).click()
  await expect(bar(adam)).toHaveCount(0)
  await press(mary, 'Hang up')
})
