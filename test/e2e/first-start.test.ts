// What a person does first: one command, the block it prints pasted into a client, a tool of each sample server called.
import path from 'node:path'
import { expect, test } from 'vitest'
import { connectV1, connectV2 } from '../kit/clients.ts'
import { pickInherited } from '../kit/hub.ts'
import { until } from '../kit/wait-until.ts'
import { CLONE, findFreePort, launch, listProcesses, makeFolder } from '../launcher/harness.ts'

/** The URL out of the JSON block for Cursor, as it was printed. */
function findPastedUrl(output: string): URL {
  const block = /^( *)\{\n\s*"mcpServers"[\s\S]*?\n\1\}/m.exec(output)?.[0] ?? '{}'
  const { mcpServers } = JSON.parse(block) as { mcpServers: Record<string, { url: string }> }
  return new URL(mcpServers['mcp-hub']?.url ?? '')
}

test('R3-1a: one command, one URL: every sample server answers, and nothing is left when it ends', async () => {
  const dataDir = makeFolder()
  const hub = launch({
    dataDir,
    port: await findFreePort(),
    env: { ...pickInherited(), MCPHUB_CATALOG_DIR: path.join(CLONE, 'catalog') },
  })
  await hub.waitUntilReady()
  const url = findPastedUrl(hub.output())
  const [first, second] = [await connectV1(url), await connectV2(url)]
  const wanted = [
    'everything__echo',
    'filesystem__list_directory',
    'memory__read_graph',
    'thinking__sequentialthinking',
  ]
  for (const client of [first, second]) {
    await until(async () => expect(await client.listTools()).toEqual(expect.arrayContaining(wanted)), 120_000)
    expect(await client.call('everything__echo', { message: 'hello' })).toBe('Echo: hello')
    expect(await client.call('memory__read_graph')).toContain('entities')
    const root = /(\/\S+)/.exec(await client.call('filesystem__list_allowed_directories'))?.[1] ?? ''
    await client.call('filesystem__write_file', { path: `${root}/note.txt`, content: client.kind })
    expect(await client.call('filesystem__list_directory', { path: root })).toContain('note.txt')
    const thought = { thought: 'start', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }
    expect(await client.call('thinking__sequentialthinking', thought)).toContain('thoughtHistoryLength')
    expect(client.instructions()).toMatch(/github.*USER_GITHUB_TOKEN/s)
    expect((await client.listTools()).filter((name) => name.startsWith('github__'))).toEqual([])
  }
  await Promise.all([first.close(), second.close()])
  hub.child.kill('SIGINT')
  expect(await hub.exited).toBe(0)
  expect(listProcesses(dataDir)).toEqual([])
}, 200_000)
