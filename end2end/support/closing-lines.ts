// The last lines of a run: what failed and why, how many tests there were and how they went. Whoever sees only the end of a
// long output sees what there is to mend.

import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter'

/** Colours of a terminal. */
const COLOURS = new RegExp('\\u001b\\[[0-9;]*m', 'g')

/** How much of an error is repeated at the end, in characters. */
const REASON_MAX = 800

export default class ClosingLines implements Reporter {
  private readonly outcomes = new Map<string, { test: TestCase; result: TestResult }>()

  onTestEnd(test: TestCase, result: TestResult) {
    this.outcomes.set(test.id, { test, result })
  }

  onEnd(run: FullResult) {
    const outcomes = [...this.outcomes.values()]
    const having = (status: TestResult['status']) => outcomes.filter(({ result }) => result.status === status)
    const [passed, skipped] = [having('passed').length, having('skipped').length]
    const failed = outcomes.filter(({ result }) => result.status !== 'passed' && result.status !== 'skipped')
    for (const { test, result } of failed) console.log(reasons(test, result))
    const seconds = Math.round(run.duration / 1000)
    console.log(
      `browser tests: ${outcomes.length} run, ${passed} passed, ${failed.length} failed, ${skipped} skipped in ${seconds} s`,
    )
  }

  printsToStdio() {
    return true
  }
}

function reasons(test: TestCase, result: TestResult): string {
  const messages = result.errors.map(({ message }) => (message ?? '').replaceAll(COLOURS, '').slice(0, REASON_MAX))
  return `failed: ${test.titlePath().join(' › ')}\n${messages.join('\n')}`
}
