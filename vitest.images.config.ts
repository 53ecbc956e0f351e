import { defineConfig } from 'vitest/config'

// Run by test/images/main.ts, inside the engine's network.
export default defineConfig({
  test: {
    reporters: ['default', './test/kit/closing-line-reporter.ts'],
    include: ['test/images/*.check.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
})
