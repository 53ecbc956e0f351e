// The gateways' common keys on the real database and a fake API server: replicas that race, rotation under a running replica, the ring's
// rotation, and certificates that TLS itself accepts.
import { createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { CONFIG_MAPS, fixedCredentials, KubeClient, KubeHttp } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openTestDatabase, type OpenTestDatabase } from '../../../test/kit/database.ts'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { makeTestRing, type TestRing } from '../../../test/kit/worlds.ts'
import { createPgTrustStore } from './pg-trust-store.ts'
import { createTrust, type Trust } from './trust.ts'

const NAMES = ['mcphub-internal.hub.svc', 'mcphub-peers.hub.svc', '10.1.2.3', 'fd00::1:2']
let opened: OpenTestDatabase
let fake: FakeApiServer
let client: KubeClient
let ring: TestRing & { onChange(listener: () => void): () => void; tell(): void }
let logged: string[]

beforeEach(async () => {
  opened = await openTestDatabase()
  fake = await FakeApiServer.start()
  const http = new KubeHttp({ credentials: fixedCredentials(fake.url), userAgent: 'test' })
  client = new KubeClient(http)
  await client.create(CONFIG_MAPS, { metadata: { namespace: 'boxes', name: 'mcphub-trust' } })
  const listeners = new Set<() => void>()
  ring = Object.assign(makeTestRing(), {
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell: () => listeners.forEach((listener) => listener()),
  })
  logged = []
})

afterEach(async () => {
  await fake.stop()
  await opened.close()
})

async function startReplica(): Promise<Trust> {
  const database = await opened.replica()
  const note = (fields: object, message: string): void => void logged.push(message + JSON.stringify(fields))
  const trust = createTrust({
    store: createPgTrustStore(database),
    changes: database.changes,
    ring,
    client,
    namespace: 'boxes',
    names: NAMES,
    log: { info: note, warn: note },
    lookMs: 200,
  })
  await trust.start()
  onTestFinished(() => trust.stop())
  return trust
}

const readPublished = async (): Promise<Record<string, string>> =>
  (await client.get<{ data?: Record<string, string> }>(CONFIG_MAPS, { namespace: 'boxes', name: 'mcphub-trust' }))
    .data ?? {}
const publishedKeys = async (): Promise<string[]> =>
  (await readPublished())['keys.pem']?.match(/-----BEGIN[^]*?-----END PUBLIC KEY-----/g) ?? []
const isSignedBy = (trust: Trust, pem: string | undefined): boolean => {
  const text = randomBytes(40)
  return pem !== undefined && verify(null, text, createPublicKey(pem), trust.sign(text))
}

test('replicas that start at once have one CA and one signing key, published once', async () => {
  const replicas = await Promise.all([startReplica(), startReplica(), startReplica()])
  expect(new Set(replicas.map((trust) => trust.certificate().ca)).size).toBe(1)
  await waitUntil(async () => (await publishedKeys()).length === 2, 'two published keys')
  const [current, next] = await publishedKeys()
  expect(replicas.map((trust) => isSignedBy(trust, current))).toEqual([true, true, true])
  expect(isSignedBy(replicas[0]!, next)).toBe(false)
  expect((await readPublished())['ca.crt']).toBe(replicas[0]!.certificate().ca)
  expect(new Set(replicas.map((trust) => trust.certificate().cert)).size).toBe(3)
})

test("a replica's certificate is one that TLS takes for each of its names, as server and as client, and for no other", async () => {
  const { key, cert, ca } = (await startReplica()).certificate()
  const parsed = new X509Certificate(cert)
  expect(parsed.verify(new X509Certificate(ca).publicKey)).toBe(true)
  expect([parsed.checkHost(NAMES[0]!), parsed.checkHost('other.hub.svc'), parsed.checkIP('10.1.2.3')]).toEqual([
    NAMES[0],
    undefined,
    '10.1.2.3',
  ])
  expect(parsed.checkIP('fd00::1:2')).toBe('fd00::1:2')
  const server = createServer({ key, cert, ca, requestCert: true, minVersion: 'TLSv1.3' }, (socket) => socket.end('in'))
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const dial = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername, key, cert, ca })
      socket.once('data', (data) => resolve(data.toString()))
      socket.once('error', reject)
    })
  expect(await dial('mcphub-peers.hub.svc')).toBe('in')
  await expect(dial('other.hub.svc')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
})

test('rotation: the key that pods knew as the next one signs on every replica, and one more is published; of two at once one wins', async () => {
  const [one, other] = [await startReplica(), await startReplica()]
  await waitUntil(async () => (await publishedKeys()).length === 2, 'two published keys')
  const [first, second] = await publishedKeys()
  const outcomes = await Promise.all([one.rotate(), other.rotate()])
  expect(outcomes.filter(Boolean)).toHaveLength(1)
  await waitUntil(() => isSignedBy(one, second) && isSignedBy(other, second), 'both sign with the next key')
  await waitUntil(async () => (await publishedKeys())[0] === second, 'the new keys are published')
  expect(await publishedKeys()).not.toContain(first)
})

test('what somebody wrote into the ConfigMap is put right', async () => {
  const trust = await startReplica()
  await waitUntil(async () => (await publishedKeys()).length === 2, 'two published keys')
  const ref = { namespace: 'boxes', name: 'mcphub-trust' }
  await client.patch(CONFIG_MAPS, ref, { type: 'merge', body: { data: { 'ca.crt': 'of a stranger' } } })
  await waitUntil(async () => (await readPublished())['ca.crt'] === trust.certificate().ca, 'the right CA')
})

test('SEC-1: at rest and in the log there is no key; a rotated ring seals it anew, a wrong ring is said', async () => {
  const trust = await startReplica()
  const read = async () => (await createPgTrustStore(opened.database).read())!.sealed
  const before = await read()
  expect(before.keyId).toBe('first')
  expect(before.bytes.includes('PRIVATE KEY')).toBe(false)
  expect(logged.join()).not.toContain('PRIVATE KEY')
  const fresh = { id: 'second', key: randomBytes(32) }
  ring.keys = [fresh, ...ring.keys]
  ring.current = fresh
  ring.tell()
  await waitUntil(async () => (await read()).keyId === 'second', 'sealed with the new key')
  expect((await startReplica()).certificate().ca).toBe(trust.certificate().ca)
  await trust.stop()
  ring.keys = [{ id: 'stranger', key: randomBytes(32) }]
  await expect(startReplica()).rejects.toThrow(/put the right key ring back/)
})
