import { defineConfig } from 'vitest/config'

// `make cluster-check`: what the real cluster does, in its own network. One file after the other: they share two cores and its nodes.
export default defineConfig({
  test: {
    reporters: ['default', './test/kit/closing-line-reporter.ts'],
    include: ['test/cluster/checks/*.check.ts'],
    globalSetup: ['test/cluster/checks/prove.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})
