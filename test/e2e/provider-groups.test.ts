// What a provider says of people decides what they may use, through the whole hub: a real OpenID Connect provider, a real server, an editor's client.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { connectV1 } from '../kit/clients.ts'
import { startHub, type TestHub } from '../kit/hub.ts'
import { openJar } from '../kit/jar.ts'
import { probe } from '../kit/manifests.ts'
import { type OidcDouble, startOidcDouble } from '../kit/oidc-provider-double.ts'
import { findByEnvironment, isAlive } from '../kit/processes.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'

const GROUP = `apiVersion: mcphub.io/v1alpha1
kind: UserGroup
metadata:
  name: developers
spec:
  members:
    claims:
      - name: groups
        value: developers
  servers: [probe]
`

let company: OidcDouble
let registry: TestRegistry
let hub: TestHub
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-provider-'))
  company = await startOidcDouble()
  registry = await startRegistry(['probe-server'])
  writeFileSync(join(folder, 'secret'), company.clientSecret, { mode: 0o600 })
  const { issuer, clientId } = company
  const provider = {
    id: 'company',
    kind: 'oidc',
    issuer,
    clientId,
    clientSecretFile: 'secret',
    allow: { everyone: true },
  }
  writeFileSync(join(folder, 'login.yaml'), stringify([{ ...provider, scopes: ['openid', 'profile', 'groups'] }]))
  hub = await startHub({
    manifests: { 'probe.yaml': probe('probe').replace('access: Everyone', 'access: Groups'), 'group.yaml': GROUP },
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_LOGIN_FILE: join(folder, 'login.yaml') },
  })
  company.register([hub.url])
}, 120_000)

afterAll(async () => {
  await hub?.stop()
  await Promise.all([registry?.stop(), company?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

/** As a person who clicks the provider's button. */
async function logIn(username: string, groups: readonly string[]): Promise<void> {
  company.person = { sub: `sub-${username}`, preferred_username: username, groups }
  const jar = openJar()
  const back = await jar.follow(`${hub.url}/api/oidc/login?provider=company`, ({ pathname }) =>
    pathname.endsWith('/callback/company'),
  )
  const answer = await jar.get(back)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.not.stringContaining('fault')])
}

async function openEditor(username: string) {
  await logIn(username, ['developers'])
  const { items } = await hub.request<{ items: { id: string; username: string }[] }>('GET', '/api/admin/users/list')
  const { id } = items.find((user) => user.username === username)!
  const { key } = await hub.request<{ key: string }>('POST', `/api/admin/users/${id}/keys`, { name: 'editor' })
  await hub.setVariables(key, { USER_PROBE_SECRET: `value-of-${username}-0123` })
  const client = await connectV1(hub.endpoint(key))
  await until(async () => expect(await client.listTools()).toContain('probe__whoami'), 60_000)
  return { id, client }
}

test('who was moved out of a group loses the server, its sandbox and the call under way within 5 s of the next login', async () => {
  const { id, client } = await openEditor('minji')
  const [grandchild = 0] = findByEnvironment(await client.call('probe__fork'))
  const call = client.call('probe__slow', { ms: 60_000 }).then(
    () => 'answered',
    (error: Error) => error.message,
  )
  const sandboxes = await hub.request<{ items: { userId: string | null; pid: number | null }[] }>(
    'GET',
    '/api/admin/sandboxes',
  )
  const pids = [sandboxes.items.find(({ userId }) => userId === id)?.pid ?? 0, grandchild]
  expect(pids.map(isAlive)).toEqual([true, true])

  await logIn('minji', ['accounting'])
  const from = performance.now()
  expect(await call).not.toBe('answered')
  await until(() => expect(pids.map(isAlive)).toEqual([false, false]), 5_000)
  await until(async () => expect(await client.listTools()).toEqual([]), 5_000)
  await expect(client.call('probe__whoami')).rejects.toThrow()
  expect(performance.now() - from).toBeLessThan(5_000)

  await logIn('minji', ['developers'])
  await until(async () => expect(await client.call('probe__whoami')).toContain('"pid"'), 30_000)
  await client.close()
}, 120_000)

test('who logged out at the provider gets lists and the address to log in at, until the next login', async () => {
  const { client } = await openEditor('haneul')
  expect(await client.call('probe__whoami')).toContain('"pid"')
  const token = company.makeLogoutToken({ sub: 'sub-haneul' })
  const told = await fetch(`${hub.url}/api/oidc/logout/company`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  })
  expect(told.status).toBe(200)
  await until(() => expect(client.call('probe__whoami')).rejects.toThrow(/Log in again at http.*\/login/), 5_000)
  expect(await client.listTools()).toContain('probe__whoami')
  await logIn('haneul', ['developers'])
  await until(async () => expect(await client.call('probe__whoami')).toContain('"pid"'), 10_000)
  await client.close()
}, 120_000)
