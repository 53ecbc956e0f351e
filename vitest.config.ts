import { defineConfig } from 'vitest/config'

// Two cores: two worker processes. Integration tests own real sockets, processes and databases, so forks, not threads.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './test/kit/closing-line-reporter.ts'],
    globalSetup: ['test/kit/postgres-broker.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    include: ['{packages/*,gateway,cli,launcher,bench,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.mcphub/**'],
  },
})
