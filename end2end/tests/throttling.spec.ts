// Guessing passwords: after a few attempts the wait is told, and it is the same for names that nobody has.

import { signIn } from '../support/steps.ts'
import { expect, test, visit } from '../support/test.ts'

for (const name of ['peter', 'nobody-has-this-name']) {
  test(`guessing the password of ${name} has to wait`, async ({ open }) => {
    const page = await open()
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      const answer = await page.request.post('/api/sign_in', {
        form: { name, password: `guess ${attempt}` },
        headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' },
      })
      expect(answer.status(), `attempt ${attempt}`).toBe(attempt <= 6 ? 422 : 429)
      if (attempt > 6) expect(Number(answer.headers()['retry-after'])).toBeGreaterThan(0)
    }
    await visit(page, '/sign-in')
    await signIn(page, name)
    await expect(page.getByText(/Too many attempts\. Wait \d+ seconds? and try again\./)).toBeVisible()
  })
}
