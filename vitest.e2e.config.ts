import { defineConfig } from 'vitest/config'
import { CalmReporter, InOrder } from './test/e2e-cluster/in-order.ts'

// `make e2e`: the stories on a real cluster, one after the other: they share one hub, and the last ones break it.
export default defineConfig({
  test: {
    reporters: [
      'default',
      new CalmReporter(),
      './test/kit/closing-line-reporter.ts',
      // before the one whose file it writes to
      './test/kit/skip-reason-reporter.ts',
      ['json', { outputFile: 'test/out/e2e-cluster/vitest.json' }],
    ],
    include: ['test/e2e-cluster/stories/*.story.ts'],
    pool: 'forks',
    fileParallelism: false,
    sequence: { sequencer: InOrder },
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})
