// Guessing passwords: after a few attempts the wait is told and grows, and it is the same for names that nobody has.

import { field, secret } from '../support/steps.ts'
import { expect, test, visit } from '../support/test.ts'

/** Failed attempts that cost nothing, at one name from one network (tandem_domain::sign_in). */
const FREE_ATTEMPTS = 5

/** A wait that is still going on when a page has been opened and filled in on a busy machine, in seconds. */
const LONG_WAIT = 16

for (const name of ['peter', 'nobody-has-this-name']) {
  test(`guessing the password of ${name} has to wait`, async ({ open }) => {
    const page = await open()
    // Filled in before there is a wait, so that one press is all that has to come within it.
    await visit(page, '/sign-in')
    await field(page, 'Sign-in name').fill(name)
    await secret(page).fill('another guess')
    const waits: number[] = []
    let guesses = 0
    while ((waits.at(-1) ?? 0) < LONG_WAIT) {
      const answer = await page.request.post('/api/sign_in', {
        form: { name, password: `guess ${guesses}` },
        headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' },
      })
      if (answer.status() === 422) {
        guesses += 1
        continue
      }
      expect(answer.status()).toBe(429)
      expect(guesses).toBeGreaterThan(FREE_ATTEMPTS)
      const wait = Number(answer.headers()['retry-after'])
      expect(wait).toBeGreaterThan(0)
      waits.push(wait)
      if (wait < LONG_WAIT) await page.waitForTimeout(wait * 1000)
    }
    expect(waits, 'each wait is longer').toEqual([...waits].sort((a, b) => a - b))
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await expect(page.getByText(/Too many attempts\. Wait \d+ seconds? and try again\./)).toBeVisible()
  })
}
