// The names that the shim refuses to give a child are those that the schema refuses: a server that is taken must not fail at its first start.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkServer, mcpServerSpec } from '../../packages/api/src/index.ts'

const SHIM = readFileSync(new URL('../../sandbox/shim/process/environment.go', import.meta.url), 'utf8')

const isRefused = (name: string): boolean => {
  const stdio = { package: { npm: { name: 'x', version: '1.0.0' } }, env: [{ name, value: 'x' }] }
  return checkServer(mcpServerSpec.parse({ type: 'Stdio', stdio })).some(
    ({ field, message }) => field === 'stdio.env[0].name' && message.includes('is reserved'),
  )
}

test('what the shim reserves, by name and by prefix, no manifest can set', () => {
  const [, list = ''] = /^var reserved = map\[string\]bool\{(.*)\}$/m.exec(SHIM) ?? []
  const names = [...list.matchAll(/"(\w+)": true/g)].map(([, name]) => name!)
  const [refusal = ''] = /if reserved\[name\].*/.exec(SHIM) ?? []
  const prefixes = [...refusal.matchAll(/HasPrefix\(name, "(\w+)"\)/g)].map(([, prefix]) => `${prefix}X`)
  expect(names).toContain('NODE_OPTIONS')
  expect(prefixes).toContain('LD_X')
  expect([...names, ...prefixes].filter((name) => !isRefused(name))).toEqual([])
})

test.each(['GITHUB_TOKEN', 'PATHS', 'MY_PATH', 'ENVIRONMENT', 'OLD_X'])('%s is free', (name) =>
  expect(isRefused(name)).toBe(false),
)
