// The editor blocks: parsed back, they hold the URL and the key and nothing is lost in quoting.
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { buildConnectBlocks, buildKeyedUrl } from './connect.ts'

const KEY = `mcphub_${'ab'.repeat(32)}`
const ENDPOINT = 'http://localhost:3000/mcp'
const textOf = (editor: string, endpoint = ENDPOINT, key = KEY): string =>
  buildConnectBlocks(endpoint, key).find((block) => block.editor === editor)?.text ?? ''

describe('buildConnectBlocks', () => {
  test('gives Cursor one URL with the key', () => {
    expect(JSON.parse(textOf('cursor'))).toEqual({
      mcpServers: { 'mcp-hub': { url: `http://localhost:3000/mcp?key=${KEY}` } },
    })
  })

  test('gives VS Code the key as a header', () => {
    expect(JSON.parse(textOf('vscode'))).toEqual({
      servers: { 'mcp-hub': { type: 'http', url: ENDPOINT, headers: { Authorization: `Bearer ${KEY}` } } },
    })
  })

  test('gives Claude Code a command that a shell splits as meant', () => {
    const command = textOf('claude-code', `${ENDPOINT}?view=it's&x=$HOME`, 'a b')
    const printed = execFileSync('/bin/sh', ['-c', `claude() { printf '%s\\n' "$@"; }; ${command}`], {
      encoding: 'utf8',
    })
    const expected = ['mcp', 'add', '--transport', 'http', 'mcp-hub', `${ENDPOINT}?view=it's&x=$HOME`]
    expect(printed.trimEnd().split('\n')).toEqual([...expected, '--header', 'Authorization: Bearer a b'])
  })
})

test('buildKeyedUrl keeps an earlier query and encodes the key', () => {
  expect(buildKeyedUrl(`${ENDPOINT}?view=search`, 'a&b')).toBe(`${ENDPOINT}?view=search&key=a%26b`)
})
