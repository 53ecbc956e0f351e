import { defineConfig } from 'vitest/config'

const everywhere = ['{packages/*,gateway,cli,launcher,operator,bench,images,test}/**/*.test.ts']
/** `make soak` runs what is below test/soak, for as long as it is told. */
const nowhere = ['**/node_modules/**', '**/.mcphub/**', 'test/soak/**']
/** Keep both cores busy: beside it every test that waits for a published bound would be judged by its noise. */
const crowd = ['test/e2e/{isolation,kills}.test.ts', 'test/generative/{generative,kills}.int.test.ts']

// Two cores: two worker processes. Integration tests own real sockets, processes and databases, so forks, not threads.
export default defineConfig({
  test: {
    reporters: ['default', './test/kit/closing-line-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/kit/postgres-broker.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'together', include: everywhere, exclude: [...nowhere, ...crowd], sequence: { groupOrder: 0 } },
      },
      { extends: true, test: { name: 'crowd', include: crowd, sequence: { groupOrder: 1 } } },
    ],
  },
})
