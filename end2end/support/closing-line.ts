// The last line of a run: how many tests there were and how they went.

import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter'

export default class ClosingLine implements Reporter {
  private readonly outcomes = new Map<string, TestResult['status']>()

  onTestEnd(test: TestCase, result: TestResult) {
    this.outcomes.set(test.id, result.status)
  }

  onEnd(result: FullResult) {
    const statuses = [...this.outcomes.values()]
    const passed = statuses.filter((status) => status === 'passed').length
    const skipped = statuses.filter((status) => status === 'skipped').length
    const failed = statuses.length - passed - skipped
    const seconds = Math.round(result.duration / 1000)
    console.log(
      `browser tests: ${statuses.length} run, ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`,
    )
  }

  printsToStdio() {
    return true
  }
}
