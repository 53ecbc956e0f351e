// Runs the stories in the order of their names; vitest's own order is by how long they took.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

export class InOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byName = (a: TestSpecification, b: TestSpecification): number =>
      a.moduleId.localeCompare(b.moduleId, 'en', { numeric: true })
    return Promise.resolve(files.toSorted(byName))
  }
}
