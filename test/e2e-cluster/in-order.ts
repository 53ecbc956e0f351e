// Runs the stories in the order of their names: first those with bars of time, then those that kill and attack as fast as they can, which want the
// cores for themselves too, at the end those that mostly wait; vitest's own order is by how long they took.
import { basename } from 'node:path'
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from 'vitest/node'

/** Measured beside twenty runnable processes of the cycles, several tests of `make test` failed by the clock alone. */
const keepsBusy = (path: string): boolean => /-(cycles|attack|output-faults)\./.test(basename(path))
/** They wait for minutes, or take away what the others stand on: none of them has a bar of time that other work could break. */
const mostlyWaits = (path: string): boolean => !keepsBusy(path) && /-(long|faults)/.test(basename(path))
const turnOf = (path: string): number => Number(keepsBusy(path)) + 2 * Number(mostlyWaits(path))

export class InOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const inOrder = (a: TestSpecification, b: TestSpecification): number =>
      turnOf(a.moduleId) - turnOf(b.moduleId) || a.moduleId.localeCompare(b.moduleId, 'en', { numeric: true })
    return Promise.resolve(files.toSorted(inOrder))
  }
}

/** Says when nothing measures any more: from then on other work may have the cores (`.ci/run` waits for this line). */
export class CalmReporter implements Reporter {
  #isSaid = false

  onTestModuleStart({ moduleId }: TestModule): void {
    if (this.#isSaid || !mostlyWaits(moduleId)) return
    this.#isSaid = true
    console.log('\nWhat follows measures nothing.\n')
  }
}
