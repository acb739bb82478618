// Every page of Tandem, and as whom it is looked at. `every_page.spec.ts` compares this table with app/src/routes.rs, so
// that a new page cannot be forgotten.

import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { expect, type Name } from './test.ts'

/** Which record of the demonstration stands for `:id`. */
export interface Record {
  /** The list that links to it. */
  list: string
  /** Where its page is, if not below the list. */
  below?: string
  /** The link's words. */
  name: string
}

/** A page to look at. */
export interface Row {
  /** The route, as app/src/routes.rs writes it. */
  route: string
  /** Who looks. */
  who: Name | 'nobody'
  /** What stands for `:id`. */
  record?: Record
}

const customer: Record = { list: '/admin/customers', name: 'ABC' }
const account: Record = { list: '/admin/accounts?q=John', name: 'John' }
const customerClass: Record = { list: '/admin/classes', name: 'Business' }
const role: Record = { list: '/admin/roles', name: 'Account' }
const dialingRule: Record = { list: '/admin/dialing-rules', name: 'Default PBX codes' }
const administrator: Record = { list: '/admin/administrators', name: 'Administrator' }
const extension: Record = { list: '/self-care/extensions', name: 'John' }
const huntgroup: Record = { list: '/self-care/huntgroups', name: 'Support' }
const call: Record = { list: '/admin/xdrs?q=702', below: '/admin/calls', name: ':' }
const recording: Record = { list: '/admin/recordings', name: ':' }
const ownRecording: Record = { list: '/self-care/recordings', name: ':' }
const mail: Record = { list: '/admin/mail', name: ':' }
const ownMail: Record = { list: '/self-care/mailbox', name: '' }
const ownCall: Record = { list: '/self-care/history?q=702', name: ':' }

const invoice: Record = { list: '/admin/invoices', name: 'INV-000004' }
const ownInvoice: Record = { list: '/self-care/invoices', name: 'INV-000004' }
const payment: Record = { list: '/admin/payments', name: ':' }
const ownPayment: Record = { list: '/self-care/payments', name: ':' }
const paymentSystem: Record = { list: '/admin/payment-systems', name: 'Cards' }

/** All pages. A page that several kinds of people have stands here once for each. */
export const PAGES: Row[] = [
  { route: '/sign-in', who: 'nobody' },

  { route: '/admin', who: 'admin' },
  { route: '/admin/customers', who: 'admin' },
  { route: '/admin/customers/new', who: 'admin' },
  { route: '/admin/customers/:id', who: 'admin', record: customer },
  { route: '/admin/customers/:id/voice', who: 'admin', record: customer },
  { route: '/admin/customers/:id/accounts', who: 'admin', record: customer },
  { route: '/admin/customers/:id/accounts/new', who: 'admin', record: customer },
  { route: '/admin/customers/:id/huntgroups', who: 'admin', record: customer },
  { route: '/admin/customers/:id/numbers', who: 'admin', record: customer },
  { route: '/admin/customers/:id/billing', who: 'admin', record: customer },
  { route: '/admin/customers/:id/invoices/new', who: 'admin', record: customer },
  { route: '/admin/customers/:id/status', who: 'admin', record: customer },
  { route: '/admin/customers/:id/sign-in', who: 'admin', record: customer },
  { route: '/admin/customers/:id/history', who: 'admin', record: customer },
  { route: '/admin/accounts', who: 'admin' },
  { route: '/admin/accounts/:id', who: 'admin', record: account },
  { route: '/admin/accounts/:id/services', who: 'admin', record: account },
  { route: '/admin/accounts/:id/status', who: 'admin', record: account },
  { route: '/admin/accounts/:id/sign-in', who: 'admin', record: account },
  { route: '/admin/accounts/:id/history', who: 'admin', record: account },
  { route: '/admin/calls', who: 'admin' },
  { route: '/admin/calls/:id', who: 'admin', record: call },
  { route: '/admin/registrations', who: 'admin' },
  { route: '/admin/xdrs', who: 'admin' },
  { route: '/admin/recordings', who: 'admin' },
  { route: '/admin/recordings/delete', who: 'admin' },
  { route: '/admin/recordings/:id', who: 'admin', record: recording },
  { route: '/admin/invoices', who: 'admin' },
  { route: '/admin/invoices/:id', who: 'admin', record: invoice },
  { route: '/admin/payments', who: 'admin' },
  { route: '/admin/payments/:id', who: 'admin', record: payment },
  { route: '/admin/transactions', who: 'admin' },
  { route: '/admin/payment-systems', who: 'admin' },
  { route: '/admin/payment-systems/new', who: 'admin' },
  { route: '/admin/payment-systems/:id', who: 'admin', record: paymentSystem },
  { route: '/admin/classes', who: 'admin' },
  { route: '/admin/classes/new', who: 'admin' },
  { route: '/admin/classes/:id', who: 'admin', record: customerClass },
  { route: '/admin/roles', who: 'admin' },
  { route: '/admin/roles/new', who: 'admin' },
  { route: '/admin/roles/:id', who: 'admin', record: role },
  { route: '/admin/dialing-rules', who: 'admin' },
  { route: '/admin/dialing-rules/new', who: 'admin' },
  { route: '/admin/dialing-rules/:id', who: 'admin', record: dialingRule },
  { route: '/admin/administrators', who: 'admin' },
  { route: '/admin/administrators/new', who: 'admin' },
  { route: '/admin/administrators/:id', who: 'admin', record: administrator },
  { route: '/admin/mail', who: 'admin' },
  { route: '/admin/mail/:id', who: 'admin', record: mail },
  { route: '/admin/audit', who: 'admin' },
  { route: '/admin/gallery', who: 'admin' },

  { route: '/self-care', who: 'abc' },
  { route: '/self-care', who: 'john' },
  { route: '/self-care/company', who: 'abc' },
  { route: '/self-care/extensions', who: 'abc' },
  { route: '/self-care/extensions/new', who: 'abc' },
  { route: '/self-care/extensions/:id', who: 'abc', record: extension },
  { route: '/self-care/extensions/:id/services', who: 'abc', record: extension },
  { route: '/self-care/extensions/:id/status', who: 'abc', record: extension },
  { route: '/self-care/extensions/:id/sign-in', who: 'abc', record: extension },
  { route: '/self-care/huntgroups', who: 'abc' },
  { route: '/self-care/huntgroups/new', who: 'abc' },
  { route: '/self-care/huntgroups/:id', who: 'abc', record: huntgroup },
  { route: '/self-care/dialing-rules', who: 'abc' },
  { route: '/self-care/numbers', who: 'abc' },
  { route: '/self-care/calls', who: 'abc' },
  { route: '/self-care/history', who: 'abc' },
  { route: '/self-care/history', who: 'john' },
  { route: '/self-care/history/:id', who: 'abc', record: ownCall },
  { route: '/self-care/recordings', who: 'abc' },
  { route: '/self-care/recordings', who: 'john' },
  { route: '/self-care/recordings/delete', who: 'abc' },
  { route: '/self-care/recordings/:id', who: 'abc', record: ownRecording },
  { route: '/self-care/recordings/:id', who: 'john', record: ownRecording },
  { route: '/self-care/mailbox', who: 'john' },
  { route: '/self-care/mailbox/:id', who: 'john', record: ownMail },
  { route: '/self-care/recording', who: 'john' },
  { route: '/self-care/phone', who: 'john' },
  { route: '/self-care/codes', who: 'john' },
  { route: '/self-care/console', who: 'abc' },
  { route: '/self-care/console', who: 'adam' },
  { route: '/self-care/wallboard', who: 'abc' },
  { route: '/self-care/wallboard', who: 'adam' },
  { route: '/self-care/audit', who: 'abc' },
  { route: '/self-care/billing', who: 'abc' },
  { route: '/self-care/billing', who: 'mary' },
  { route: '/self-care/invoices', who: 'mary' },
  { route: '/self-care/invoices/:id', who: 'mary', record: ownInvoice },
  { route: '/self-care/payments', who: 'mary' },
  { route: '/self-care/payments/pay', who: 'mary' },
  { route: '/self-care/payments/return', who: 'mary' },
  { route: '/self-care/payments/:id', who: 'mary', record: ownPayment },
  { route: '/self-care/payments/:id/resume', who: 'mary', record: ownPayment },
  { route: '/self-care/cards', who: 'mary' },
  { route: '/self-care/cards/new', who: 'mary' },
  { route: '/self-care/cards/return', who: 'mary' },
  { route: '/self-care/auto-payment', who: 'mary' },

  { route: '/profile', who: 'admin' },
  { route: '/profile', who: 'abc' },
  { route: '/profile', who: 'john' },
]

/** The address of a row's page, with the demonstration's record in it. Asks the server as the person of `page`. */
export async function addressOf(row: Row, page: Page): Promise<string> {
  if (row.record === undefined) return row.route
  return row.route.replace(':id', await idOf(row.record, page))
}

/** The id of a record, read from the list that links to it. */
export async function idOf(record: Record, page: Page): Promise<string> {
  const html = await (await page.request.get(record.list)).text()
  const list = record.below ?? record.list.split('?')[0]
  const links = html.matchAll(new RegExp(`href="${list}/([0-9a-f-]{36})"[^>]*>(.*?)</a>`, 'gs'))
  const named = [...links].find(([, , words]) => words?.replaceAll(/<[^>]*>/g, '').includes(record.name))
  expect(named, `${record.list} links to ${record.name}`).toBeDefined()
  return named?.[1] ?? ''
}

/**
 * Every route that app/src/routes.rs declares; those in functions named `admin_…pages` are the provider's, and in others
 * named `…_pages` self-care's.
 */
export function declaredRoutes(): string[] {
  const source = readFileSync(new URL('../../app/src/routes.rs', import.meta.url), 'utf8')
  const routes: string[] = []
  let parent = ''
  for (const line of source.split('\n')) {
    if (line.includes('</ParentRoute>') || line === '}') parent = ''
    const pages = /^fn (\w+)_pages\(/.exec(line)?.[1]
    if (pages) parent = pages.startsWith('admin') ? '/admin' : '/self-care'
    const path = /<(Parent)?Route path=path!\("([^"]*)"\)/.exec(line)
    if (path?.[1]) parent = path[2] ?? ''
    else if (path) routes.push(parent + path[2])
  }
  return routes
}
