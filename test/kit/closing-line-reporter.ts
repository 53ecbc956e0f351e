// A vitest reporter that ends the run with one plain line, "N passed, N failed", for people and scripts alike.
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export default class ClosingLineReporter implements Reporter {
  readonly #write: (line: string) => void

  constructor(options?: { write?: (line: string) => void }) {
    this.#write = options?.write ?? ((line) => void process.stdout.write(line))
  }

  /** A file that could not be loaded and an error outside of any test count as failed: the line must agree with the exit code. */
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0
    let failed = unhandled.length
    for (const module of modules) {
      const before = failed
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failed += 1
      }
      if (module.state() === 'failed' && failed === before) failed += 1
    }
    this.#write(`\n${passed} passed, ${failed} failed\n`)
  }
}
