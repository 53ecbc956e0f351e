// DAT-3: what System says of the key ring after a rotation, over everything that is sealed: nothing is left behind, and whoever is just logging in
// through a provider arrives.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMPANY, type LoginWorld, openJar, startLoginWorld } from '../../../../test/kit/login-world.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { makeTestRing } from '../../../../test/kit/worlds.ts'
import { createFlows } from '../providers/flows.ts'
import { createPgFlowStore } from '../providers/pg-flow-store.ts'

const SECRET = 'canary-client-secret-of-the-console'

let world: LoginWorld
let admin: Person

beforeAll(async () => {
  world = await startLoginWorld()
  admin = await world.hub.addPerson('root', 'admin')
})
afterAll(() => world.stop())

const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const answer = await world.hub.send(method, path, { session: admin.session, ...(body === undefined ? {} : { body }) })
  expect([path, answer.status, answer.status === 200 ? '' : answer.text]).toEqual([path, 200, ''])
  return answer.json as T
}
const readRing = async () =>
  (await ask<{ keyRing: { keyId: string; sealed: number; behind: number } }>('GET', '/api/admin/system')).keyRing

function putProvider(id: string, enabled: boolean): Promise<unknown> {
  const config = {
    ...{ kind: 'oidc', label: id, issuer: `https://${id}.example`, clientId: 'hub' },
    allow: { everyone: true },
  }
  return ask('PUT', `/api/admin/providers/${id}`, { config, enabled, version: null, clientSecret: SECRET })
}

test('a rotation reseals values and the secrets of all providers; a login that is under way goes on', async () => {
  world.hub.catalog.set({
    servers: {
      mail: {
        type: 'Remote',
        remote: { url: 'https://x.example/mcp', headers: [{ name: 'X', value: '${USER_MAIL}' }] },
      },
    },
  })
  await ask('POST', '/api/user-env-vars', { variables: { USER_MAIL: 'long-value-98765-wxyz' } })
  await ask('PUT', '/api/admin/org-vars', { variables: { ORG_TOKEN: 'long-value-12345-abcd' } })
  await putProvider('shown', true)
  await putProvider('turned-off', false)
  world.company.person = { sub: 'sub-minji', preferred_username: 'minji' }
  const jar = openJar()
  const back = await world.goThere(jar, COMPANY)
  const before = await readRing()
  expect(before).toMatchObject({ sealed: 4, behind: 0 })

  const { keyId, resealed } = await ask<{ keyId: string; resealed: number }>('POST', '/api/admin/key-ring/rotate')
  expect(resealed).toBe(4)
  expect(keyId).not.toBe(before.keyId)
  expect(await readRing()).toEqual({ keyId, sealed: 4, behind: 0 })
  expect(world.hub.providerSettings.find('shown')!.secret!.reveal()).toBe(SECRET)

  // its verifier was sealed with the key before, which the ring still has
  const answer = await jar.get(back)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
  expect(await world.me(jar)).toMatchObject({ username: 'minji' })
})

test('a login under way whose key has gone from the ring is one that ran out, no fault of the hub', async () => {
  const { database } = world.hub.world.opened
  const store = createPgFlowStore(database)
  const ring = makeTestRing()
  const flows = createFlows({ store, ring })
  const begin = async () => {
    const drawn = flows.draw()
    await flows.keep(drawn, { provider: 'company', returnTo: '/', linkUser: null })
    return () => flows.take(drawn.state, drawn.browser.reveal())
  }
  const [early, late] = [await begin(), await begin()]
  const next = { id: 'next', key: randomBytes(32) }
  Object.assign(ring, { current: next, keys: [next, ...ring.keys] })
  expect(await early()).toMatchObject({ provider: 'company' })
  ring.keys = [next]
  expect(await late()).toBeNull()
  const left: unknown[] = await database.run(null, (m) => m.query('SELECT 1 FROM login_flows'))
  expect(left).toEqual([])
})
