import { expect, test } from 'vitest'
import { findUnbuilt } from './unbuilt.ts'

test.each(['OpenApi', 'Builtin'] as const)('%s is named, with what to do', (type) =>
  expect(findUnbuilt({ type })).toMatch(new RegExp(`cannot run servers of type ${type}; .* Remote or Stdio$`)),
)

test.each(['Remote', 'Stdio'] as const)('%s runs', (type) => expect(findUnbuilt({ type })).toBeNull())
