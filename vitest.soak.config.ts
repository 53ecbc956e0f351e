import { defineConfig } from 'vitest/config'

// `make soak`: what a default run has no time for. One file after the other: each wants the machine for itself.
export default defineConfig({
  test: {
    reporters: ['default', './test/kit/closing-line-reporter.ts'],
    include: ['test/soak/*.test.ts', 'test/e2e/kills.test.ts', 'test/generative/generative.int.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    globalSetup: ['test/kit/postgres-broker.ts'],
    hookTimeout: 180_000,
  },
})
