// SES-1 at the level of links: many owners with the same ids over one shared child and one shared HTTP server; every answer must be its asker's own.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HostileUpstream } from '../../../../test/kit/hostile-upstream.ts'
import {
  makeOwner,
  makeRemote,
  makeStdio,
  openUpstreamWorld,
  type UpstreamWorld,
} from '../../../../test/kit/upstream-world.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { LinkOwner } from './upstreams.ts'

const CHILD = new URL('../../../../test/kit/odd-stdio-server.ts', import.meta.url).pathname
const OWNERS = 50
const CALLS = 100
let world: UpstreamWorld
let upstream: HostileUpstream

beforeEach(async () => {
  upstream = await HostileUpstream.open()
  world = await openUpstreamWorld({ idleMs: 30_000, callMs: 60_000 })
})
afterEach(async () => {
  await world.close()
  await upstream.close()
})

const owners = Array.from({ length: OWNERS }, (_, n) => makeOwner(`user${n}`))

/** The number of answers that are not what was asked for. */
async function drive(server: CatalogServer, check: (text: string, owner: LinkOwner, nonce: string) => boolean) {
  const ask = async (owner: LinkOwner, id: number): Promise<boolean> => {
    const nonce = `${owner.principal.userId}-${randomUUID()}`
    const { sink } = world.start(owner, server, {
      method: 'tools/call',
      params: { name: 'shuffled', arguments: { nonce }, _meta: { progressToken: id } },
      idJson: String(id),
    })
    const { json } = await sink.done
    const result = json?.['result'] as { content: { text: string }[] } | undefined
    return json?.['id'] === id && sink.ends.length === 1 && check(result?.content[0]?.text ?? '', owner, nonce)
  }
  const all = await Promise.all(owners.flatMap((owner) => Array.from({ length: CALLS }, (_, id) => ask(owner, id))))
  return all.filter((isRight) => !isRight).length
}

test('SES-1: one shared stdio child, colliding ids, shuffled answers: no mismatch', async () => {
  const shared = makeStdio('shared', [process.execPath, CHILD], { riskLevel: 'Low' })
  const wrong = await drive(shared, (text, _owner, nonce) => (JSON.parse(text) as { nonce: string }).nonce === nonce)
  expect(wrong).toBe(0)
  expect(world.sandboxes.started).toBe(1)
}, 60_000)

test("SES-1: one shared HTTP server, each user's own credential and nonce in every answer", async () => {
  for (const { principal } of owners) world.variables.set(principal.userId, 'USER_TOKEN', `secret-${principal.userId}`)
  const server = makeRemote(
    'shared',
    upstream.url,
    {},
    {
      headers: [{ name: 'Authorization', value: 'Bearer ${USER_TOKEN}' }],
    },
  )
  const wrong = await drive(server, (text, owner, nonce) => {
    const answer = JSON.parse(text) as { token: string; nonce: string }
    return answer.nonce === nonce && answer.token === `Bearer secret-${owner.principal.userId}`
  })
  expect(wrong).toBe(0)
  expect(upstream.count('initialize')).toBe(OWNERS)
}, 60_000)
