import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HubError } from '@mcphub/api'
import { expect, test } from 'vitest'
import { describeConfig, readConfig } from './config.ts'

const base = { MCPHUB_DATA_DIR: '/d', MCPHUB_CATALOG_DIR: '/c', MCPHUB_DATABASE_URL: 'postgres://db' }

function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof HubError) return (error.details.faults ?? []).map((fault) => fault.field)
    throw error
  }
  return []
}

test('a minimal environment gives the published limits', () => {
  const config = readConfig(base)
  expect(config.hosts).toEqual(['127.0.0.1', '::1'])
  expect(config.callIdleMs).toBe(30_000)
  expect(config.keyringFile).toBe('/d/keyring.json')
  expect(config.demoKey).toBe(true)
})

test('all faults are told at once, each with its variable', () => {
  expect(faultsOf({ MCPHUB_PORT: '99999', MCPHUB_LOG_LEVEL: 'loud' }).sort()).toEqual([
    'MCPHUB_CATALOG_DIR',
    'MCPHUB_DATA_DIR',
    'MCPHUB_LOG_LEVEL',
    'MCPHUB_PORT',
  ])
  expect(faultsOf({ MCPHUB_DATA_DIR: '/d', MCPHUB_CATALOG_DIR: '/c', MCPHUB_HOST: 'localhost' }).sort()).toEqual([
    'MCPHUB_DATABASE_URL_FILE',
    'MCPHUB_HOST',
  ])
})

test('an address beyond loopback refuses the demo key', () => {
  expect(readConfig({ ...base, MCPHUB_HOST: '0.0.0.0' })).toMatchObject({ demoKey: false, loopbackOnly: false })
})

test('the database URL comes from a file, and a fault never repeats a value', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'mcphub-config-')), 'url')
  writeFileSync(file, 'postgres://from-file\n')
  expect(readConfig({ ...base, MCPHUB_DATABASE_URL_FILE: file }).databaseUrl).toBe('postgres://from-file')
  expect(() => readConfig({ ...base, MCPHUB_PORT: 'hunter2' })).toThrow(/^((?!hunter2).)*$/s)
})

test('--help lists every variable with its default', () => {
  expect(describeConfig()).toMatch(/MCPHUB_PORT +port of the MCP endpoint.*\[3000\]/)
})
