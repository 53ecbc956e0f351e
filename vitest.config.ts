import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/kit/longest-first.ts'

const everywhere = ['{packages/*,gateway,console,cli,launcher,operator,bench,images,test}/**/*.test.ts']
/** `make soak` runs what is below test/soak, for as long as it is told. */
const nowhere = ['**/node_modules/**', '**/.mcphub/**', 'test/soak/**']
/** Pure functions: nothing to keep apart, and half of what they cost is a process for each file. */
const pure = ['{packages/*,gateway,console,cli,launcher,operator,bench,images}/**/!(*.int).test.ts']
/** Keep both cores busy: beside it every test that waits for a published bound would be judged by its noise. */
const crowd = ['test/e2e/{isolation,kills}.test.ts', 'test/generative/{generative,kills}.int.test.ts']
/** A browser beside a hub wants both cores. */
const browser = ['test/browser/**/*.test.ts']

// Two cores. Integration tests own real sockets, processes and databases, so forks, not threads.
export default defineConfig({
  test: {
    reporters: ['default', './test/kit/closing-line-reporter.ts'],
    pool: 'forks',
    globalSetup: ['test/kit/postgres-broker.ts'],
    // only for one that never ends: a wait names what it misses long before
    testTimeout: 120_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: everywhere,
          exclude: [...nowhere, ...pure, ...crowd, ...browser],
          // two workers leave a third of both cores idle: most files wait as long as they work
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'pure',
          include: pure,
          exclude: nowhere,
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'crowd', include: crowd, maxWorkers: 2, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: browser,
          exclude: nowhere,
          // as long as Playwright's own waits: a page on a busy machine is late, not wrong
          expect: { poll: { timeout: 20_000 } },
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
