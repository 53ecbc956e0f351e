// The order of test files: what takes long begins early, so that no worker is left alone with it at the end, also on a machine that has no record
// of earlier runs (vitest's own order is by such a record, or else by the files' sizes, which say little: the longest waits are short files).
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Whole programs, then what owns sockets, processes and databases, then pure functions. */
const rank = ({ moduleId, project }: TestSpecification): number => {
  if (moduleId.startsWith(`${project.config.root}/test/`)) return 0
  return moduleId.includes('.int.test.') ? 1 : 2
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
