// A vitest reporter that writes why a test was skipped where other reporters' files show it: the note of a skip is in none of them.
import type { Reporter, TestCase } from 'vitest/node'

export default class SkipReasonReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    if (result.state === 'skipped' && result.note) Object.assign(test.meta(), { reason: result.note })
  }
}
