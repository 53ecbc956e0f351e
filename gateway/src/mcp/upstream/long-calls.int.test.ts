// What a long call says on its way, over every transport: all of its progress, in order, none after the result; and it hears when nobody waits.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openTalkative, STEPS, type TalkativeServer } from '../../../../test/kit/talkative-server.ts'
import {
  makeOwner,
  makeRemote,
  makeStdio,
  openUpstreamWorld,
  type UpstreamWorld,
} from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Era, JsonObject } from './upstreams.ts'

const CHILD = new URL('../../../../test/kit/talkative-stdio.ts', import.meta.url).pathname
const owners = {
  legacy: makeOwner('alice'),
  modern: makeOwner('alice', { sessionId: null, revision: '2026-07-28' }),
}

type Kind = 'legacy' | 'modern' | 'sse' | 'stdio' | 'modern stdio'
const KINDS: readonly Kind[] = ['legacy', 'modern', 'sse', 'stdio', 'modern stdio']
const ROWS = KINDS.flatMap((kind) => (['legacy', 'modern'] as const).map((era) => [kind, era] as const))

describe.each(ROWS)('over %s, for a client of the %s era', (kind, era) => {
  let world: UpstreamWorld
  let upstream: TalkativeServer | null = null
  let server: CatalogServer

  beforeEach(async () => {
    world = await openUpstreamWorld()
    if (kind === 'stdio') server = makeStdio('talk', [process.execPath, CHILD])
    else if (kind === 'modern stdio') {
      server = makeStdio('talk', [process.execPath, CHILD, 'modern'], { protocol: 'Modern' })
    } else {
      upstream = await openTalkative(kind)
      server = makeRemote('talk', upstream.url, {}, kind === 'sse' ? { transport: 'Sse' } : {})
    }
  })
  afterEach(async () => {
    await world.close()
    await upstream?.close()
    upstream = null
  })

  const start = (name: string, progressToken: number) =>
    world.start(owners[era], server, {
      method: 'tools/call',
      era: era as Era,
      params: { name, arguments: {}, _meta: { progressToken } },
    })
  const canceled = async () => {
    if (upstream !== null) return upstream.canceled.length
    const { json } = await start('canceled', 0).sink.done
    return (JSON.parse((json!['result'] as { content: { text: string }[] }).content[0]!.text) as unknown[]).length
  }

  test('R4-5b: progress comes in order, to its own call, and none after the result', async () => {
    const calls = Array.from({ length: 10 }, (_, token) => start('talk', token))
    for (const { sink } of calls) expect((await sink.done).error).toBeNull()
    // whatever the server said after its answers has arrived once another call came back
    await start('talk', 99).sink.done
    for (const [token, { sink }] of calls.entries()) {
      expect(sink.notifications.map((one) => one['params'] as JsonObject)).toEqual(
        Array.from({ length: STEPS }, (_, at) => ({ progressToken: token, progress: at + 1 })),
      )
      expect(sink.ends).toEqual(['answer'])
    }
  })

  test('R4-5b, GW-11: a call nobody waits for is ended at the server', async () => {
    const hanging = start('hang', 1)
    const other = start('hang', 2)
    await start('talk', 3).sink.done
    hanging.cancel('the client left')
    expect((await hanging.sink.done).error?.code).toBe('canceled')
    await waitUntil(async () => (await canceled()) === 1, 'the server heard of it')
    other.cancel('the client left')
    await waitUntil(async () => (await canceled()) === 2, 'and of the other one')
    expect(hanging.sink.ends).toEqual(['fail'])
  })
})
