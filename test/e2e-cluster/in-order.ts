// Runs the stories in the order of their names, those that mostly wait at the end; vitest's own order is by how long they took.
import { basename } from 'node:path'
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from 'vitest/node'

/** They wait for minutes, kill what the others stand on, or attack: none of them has a bar of time that other work could break. */
const needsNoCalm = (path: string): boolean => /-(long|faults|cycles|attack)/.test(basename(path))

export class InOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const inOrder = (a: TestSpecification, b: TestSpecification): number =>
      Number(needsNoCalm(a.moduleId)) - Number(needsNoCalm(b.moduleId)) ||
      a.moduleId.localeCompare(b.moduleId, 'en', { numeric: true })
    return Promise.resolve(files.toSorted(inOrder))
  }
}

/** Says when nothing measures any more: from then on other work may have the cores (`.ci/run` waits for this line). */
export class CalmReporter implements Reporter {
  #isSaid = false

  onTestModuleStart({ moduleId }: TestModule): void {
    if (this.#isSaid || !needsNoCalm(moduleId)) return
    this.#isSaid = true
    console.log('\nWhat follows measures nothing.\n')
  }
}
