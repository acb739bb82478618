// Phones on desks, beside what every test has: `desk('abc744', 700)` puts one there, which speaks with a tone of so many hertz, and
// takes it away at the end.

import { DeskPhone } from './desk-phone.ts'
import { test as base } from './test.ts'

export const atDesks = base.extend<{ desk: (user: string, hertz: number) => Promise<DeskPhone> }>({
  desk: async ({ tandem }, use) => {
    const desks: DeskPhone[] = []
    await use(async (user, hertz) => {
      const desk = await DeskPhone.of(tandem, user, hertz)
      desks.push(desk)
      return desk
    })
    for (const desk of desks) await desk.end()
  },
})
