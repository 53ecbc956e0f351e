// Real servers from npm over the Child port, spoken to by hand: what a link above must be able to do.
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type HostileSandboxes,
  HostileTalk,
  makeDataDir,
  makeHostileServer,
  startHostileSandboxes,
} from '../../../../test/kit/hostile-sandboxes.ts'

const MODULES = join(import.meta.dirname, '../../../../node_modules')
let hub: HostileSandboxes
beforeAll(async () => void (hub = await startHostileSandboxes(makeDataDir())))
afterAll(() => hub.close())

interface ToolResult {
  readonly content: readonly { readonly text: string }[]
  readonly isError?: boolean
}

/** As the package adapter names an installed one. */
function use(name: string): void {
  const entry = realpathSync(join(MODULES, name, 'dist/index.js'))
  hub.packageState.current = { state: 'Ready', command: [process.execPath, entry], folder: realpathSync(MODULES) }
}

async function open(
  user: string,
  name: string,
  args: readonly string[],
  env: ReadonlyMap<string, string> = new Map(),
): Promise<HostileTalk> {
  use(name)
  const server = makeHostileServer({}, name.split('/').at(-1))
  const talk = new HostileTalk(await hub.acquire(user, { server, args, env }))
  const clientInfo = { name: 'test', version: '1' }
  await talk.get('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
  talk.tell('notifications/initialized')
  return talk
}

const call = (talk: HostileTalk, name: string, args: object): Promise<ToolResult> =>
  talk.get('tools/call', { name, arguments: args })

test('server-filesystem: each user’s root is the own work folder', async () => {
  const name = '@modelcontextprotocol/server-filesystem'
  const [alice, bob] = await Promise.all([open('alice', name, ['${WORKDIR}']), open('bob', name, ['${WORKDIR}'])])
  const allowed = (await call(alice, 'list_allowed_directories', {})).content[0]?.text ?? ''
  const root = /\/\S+work$/m.exec(allowed)?.[0] ?? ''
  const path = join(root, 'diary.txt')
  expect((await call(alice, 'write_file', { path, content: 'mine' })).isError).toBeFalsy()
  expect((await call(alice, 'read_text_file', { path })).content[0]?.text).toBe('mine')
  const stolen = await call(bob, 'read_text_file', { path })
  expect(stolen.isError).toBe(true)
  expect(JSON.stringify(stolen)).not.toContain('mine')
  expect((await call(alice, 'list_directory', { path: dirname(root) })).isError).toBe(true)
})

test('server-memory: each user’s graph is the own one', async () => {
  const name = '@modelcontextprotocol/server-memory'
  const env = new Map([['MEMORY_FILE_PATH', '${WORKDIR}/memory.json']])
  const [alice, bob] = await Promise.all([open('alice', name, [], env), open('bob', name, [], env)])
  const entities = [{ name: 'Alice', entityType: 'person', observations: ['likes tea'] }]
  await call(alice, 'create_entities', { entities })
  expect(JSON.stringify(await call(alice, 'read_graph', {}))).toContain('likes tea')
  expect(JSON.stringify(await call(bob, 'read_graph', {}))).not.toContain('likes tea')
})
