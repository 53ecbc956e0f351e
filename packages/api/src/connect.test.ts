// The editor blocks: parsed back, they hold the URL and the key and nothing is lost in quoting.
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { buildConnectBlocks, buildInstallLinks, buildKeyedUrl } from './connect.ts'

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

  test('gives Claude Desktop a program that carries the key as a header, with no space in any argument', () => {
    const { command, args, env } = JSON.parse(textOf('claude-desktop')).mcpServers['mcp-hub']
    expect([command, ...args.slice(0, 4)]).toEqual(['npx', '-y', 'mcp-remote', ENDPOINT, '--header'])
    const header = args[4].replace(/\$\{(\w+)\}/, (_all: string, name: string) => env[name])
    expect(header).toBe(`Authorization:Bearer ${KEY}`)
    expect(args.filter((arg: string) => arg.includes(' '))).toEqual([])
  })

  test.each([
    ['http://localhost:3000/mcp', false],
    ['http://127.0.0.1:3000/mcp', false],
    ['https://hub.example.com/mcp', false],
    ['http://hub.lan/mcp', true],
    ['http://localhost.evil.example/mcp', true],
  ])('the bridge to %s is told that plain http is meant: %s', (endpoint, isTold) => {
    const { args } = JSON.parse(textOf('claude-desktop', endpoint)).mcpServers['mcp-hub']
    expect(args.includes('--allow-http')).toBe(isTold)
  })
})

describe('buildInstallLinks', () => {
  const linkOf = (editor: string, endpoint = ENDPOINT, key = KEY): URL =>
    new URL(buildInstallLinks(endpoint, key).find((link) => link.editor === editor)!.url)

  test('gives Cursor its entry of the configuration in base64', () => {
    const link = linkOf('cursor')
    expect(`${link.protocol}//${link.host}${link.pathname}`).toBe('cursor://anysphere.cursor-deeplink/mcp/install')
    expect(link.searchParams.get('name')).toBe('mcp-hub')
    const config = Buffer.from(link.searchParams.get('config')!, 'base64').toString()
    expect(JSON.parse(config)).toEqual({ url: `${ENDPOINT}?key=${KEY}` })
  })

  test('gives VS Code the server as JSON', () => {
    const { protocol, pathname, search } = linkOf('vscode')
    expect(protocol + pathname).toBe('vscode:mcp/install')
    expect(JSON.parse(decodeURIComponent(search.slice(1)))).toEqual({
      name: 'mcp-hub',
      type: 'http',
      url: ENDPOINT,
      headers: { Authorization: `Bearer ${KEY}` },
    })
  })

  test('loses nothing of an address with other letters', () => {
    const endpoint = 'https://허브.example/mcp/group/나의 그룹+1'
    const config = Buffer.from(linkOf('cursor', endpoint, 'k').searchParams.get('config')!, 'base64').toString()
    expect(JSON.parse(config)).toEqual({ url: `${endpoint}?key=k` })
  })
})

test('buildKeyedUrl keeps an earlier query and encodes the key', () => {
  expect(buildKeyedUrl(`${ENDPOINT}?view=search`, 'a&b')).toBe(`${ENDPOINT}?view=search&key=a%26b`)
})
