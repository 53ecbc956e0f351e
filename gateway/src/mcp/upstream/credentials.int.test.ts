// What of a user reaches a server: the headers it sees, the environment its child gets, and nothing else.
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostileUpstream } from '../../../../test/kit/hostile-upstream.ts'
import {
  makeOwner,
  makeRemote,
  makeStdio,
  openUpstreamWorld,
  type UpstreamWorld,
} from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { JsonObject } from './upstreams.ts'

const CHILD = new URL('../../../../test/kit/odd-stdio-server.ts', import.meta.url).pathname
const alice = makeOwner('alice')
const bob = makeOwner('bob')
let world: UpstreamWorld
let upstream: HostileUpstream

beforeEach(async () => {
  upstream = await HostileUpstream.open()
  world = await openUpstreamWorld()
})
afterEach(async () => {
  await world.close()
  await upstream.close()
})

const textOf = (answer: unknown) => (answer as { result: { content: { text: string }[] } }).result.content[0]!.text
const headersOf = async (...args: Parameters<UpstreamWorld['call']>) =>
  JSON.parse(textOf(await world.call(...args))) as Record<string, string>
const bearer = (name: string, rest: JsonObject = {}) =>
  makeRemote(
    name,
    upstream.url,
    {},
    {
      headers: [{ name: 'Authorization', value: 'Bearer ${USER_TOKEN}' }],
      ...rest,
    },
  )

describe('headers', () => {
  test('ID-6: a server sees exactly one hub-made value of each context header', async () => {
    const server = makeRemote('plain', upstream.url)
    await world.call(alice, server, 'echo')
    const { headers, rawHeaders } = upstream.calls('echo')[0]!
    expect(headers['x-mcphub-user-id']).toBe('alice')
    expect(headers['x-mcphub-session-id']).toBe('session-alice')
    expect(headers['x-mcphub-user-session-id']).toBe('alice:session-alice')
    expect(headers['x-mcphub-protocol-version']).toBe('2025-11-25')
    expect(headers['x-mcphub-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(Number(headers['x-mcphub-timestamp'])).toBeGreaterThan(1_700_000_000_000)
    const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
    expect(new Set(names).size).toBe(names.length)
  })

  test('contextHeaders: None sends none', async () => {
    await world.call(alice, makeRemote('quiet', upstream.url, {}, { contextHeaders: 'None' }), 'echo')
    expect(Object.keys(upstream.calls('echo')[0]!.headers).filter((name) => name.startsWith('x-mcphub'))).toEqual([])
  })

  test("ID-7: no credential but the manifest's own reaches a server", async () => {
    const headers = await headersOf(alice, makeRemote('plain', upstream.url), 'headers')
    expect(headers).not.toHaveProperty('authorization')
    expect(headers).not.toHaveProperty('cookie')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-forwarded'))).toEqual([])
  })

  test('SEC-7: each server gets only the variables its own manifest names, of the one user', async () => {
    world.variables.set('alice', 'USER_TOKEN', 'alice-token')
    world.variables.set('bob', 'USER_TOKEN', 'bob-token')
    world.variables.set('alice', 'USER_OTHER', 'alice-other')
    const named = await headersOf(alice, bearer('named'), 'headers')
    const unnamed = await headersOf(alice, makeRemote('unnamed', upstream.url), 'headers')
    expect(named['authorization']).toBe('Bearer alice-token')
    expect((await headersOf(bob, bearer('named'), 'headers'))['authorization']).toBe('Bearer bob-token')
    expect(JSON.stringify(named)).not.toMatch(/bob-token|alice-other/)
    expect(JSON.stringify(unnamed)).not.toContain('token')
  })

  test('a reserved name in a manifest is refused before anything is sent', async () => {
    for (const name of ['X-MCPHub-User-Id', 'Mcp-Session-Id', 'Host', 'Transfer-Encoding']) {
      const server = makeRemote('forger', upstream.url, {}, { headers: [{ name, value: 'x' }] })
      const { error } = await world.start(alice, server, { method: 'tools/list' }).sink.done
      expect(error?.code).toBe('invalid_variable')
    }
    expect(upstream.seen).toEqual([])
  })
})

describe('missing and unfit values', () => {
  test('a missing variable is named with the command to set it, before anything is sent; once set, the next call works', async () => {
    const server = bearer('needs')
    const { error } = await world.start(alice, server, { method: 'tools/list' }).sink.done
    expect(error?.code).toBe('missing_variable')
    expect(error?.details.data).toMatchObject({
      server: 'needs',
      variables: ['USER_TOKEN'],
      command: 'mcphub secrets set USER_TOKEN',
    })
    expect(upstream.seen).toEqual([])
    world.variables.set('alice', 'USER_TOKEN', 'now-set')
    expect((await headersOf(alice, server, 'headers'))['authorization']).toBe('Bearer now-set')
  })

  const unfit = {
    'a line break': 'canary-1234\r\nX-Injected: yes',
    'a NUL': 'canary-1234\0',
    'a space at its edge': ' canary-1234',
    'Korean text': 'canary-1234-비밀',
  }
  test.each(Object.entries(unfit))(
    'SEC-5: %s is refused by name alone; nothing is sent, the value is nowhere',
    async (_what, value) => {
      world.variables.set('alice', 'USER_TOKEN', value)
      const { error } = await world.start(alice, bearer('strict'), { method: 'tools/list' }).sink.done
      expect(error?.code).toBe('invalid_variable')
      expect(error?.details.data).toMatchObject({ variables: ['USER_TOKEN'] })
      expect(inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)).not.toContain('canary')
      expect(JSON.stringify(world.upstreams.health())).not.toContain('canary')
      expect(upstream.seen).toEqual([])
    },
  )

  test('an optional variable that is not set leaves its header out', async () => {
    const server = makeRemote(
      'loose',
      upstream.url,
      { userVariables: [{ name: 'USER_TOKEN', required: false }] },
      {
        headers: [{ name: 'Authorization', value: 'Bearer ${USER_TOKEN}' }],
      },
    )
    expect(await headersOf(alice, server, 'headers')).not.toHaveProperty('authorization')
  })
})

describe('SEC-9: a rotated value', () => {
  test('is used at once; the call in flight finishes with the old one, its session is then closed', async () => {
    world.variables.set('alice', 'USER_TOKEN', 'old-token')
    const server = bearer('rotating')
    expect((await headersOf(alice, server, 'headers'))['authorization']).toBe('Bearer old-token')
    const running = world.start(alice, server, {
      method: 'tools/call',
      params: { name: 'progress', arguments: { steps: 4, everyMs: 100 }, _meta: { progressToken: 1 } },
    })
    await waitUntil(() => upstream.calls('progress').length === 1, 'it runs')
    world.variables.set('alice', 'USER_TOKEN', 'new-token')
    expect((await headersOf(alice, server, 'headers'))['authorization']).toBe('Bearer new-token')
    expect((await running.sink.done).error).toBeNull()
    await waitUntil(() => upstream.count('DELETE') === 1, 'the old session is closed')
    const late = upstream.seen.slice(
      upstream.seen.findIndex((one) => one.headers['authorization'] === 'Bearer new-token'),
    )
    const old = late.filter((one) => one.headers['authorization'] === 'Bearer old-token').map((one) => one.http)
    expect(old).toEqual(['DELETE'])
  })

  test('replaces an idle child', async () => {
    world.variables.set('alice', 'USER_TOKEN', 'old-token')
    const server = makeStdio(
      'child',
      [process.execPath, CHILD],
      {},
      { env: [{ name: 'TOKEN', value: '${USER_TOKEN}' }] },
    )
    const env = async () => JSON.parse(textOf(await world.call(alice, server, 'env'))) as Record<string, string>
    expect((await env())['TOKEN']).toBe('old-token')
    world.variables.set('alice', 'USER_TOKEN', 'new-token')
    expect((await env())['TOKEN']).toBe('new-token')
    await waitUntil(() => [...world.sandboxes.children.values()].some((child) => child.endedBy === 'replaced'), 'ended')
  })
})

describe('children', () => {
  test('SEC-7: env and args hold what the manifest names, nothing of another user or of the hub', async () => {
    world.variables.set('alice', 'USER_TOKEN', 'alice-token')
    world.variables.set('alice', 'USER_OTHER', 'alice-other')
    world.variables.set(null, 'ORG_LICENSE', 'org-license')
    const server = makeStdio(
      'child',
      [process.execPath, CHILD],
      {},
      {
        args: ['--token', '${USER_TOKEN}'],
        env: [{ name: 'LICENSE', value: '${ORG_LICENSE}' }],
      },
    )
    expect(JSON.parse(textOf(await world.call(alice, server, 'argv')))).toEqual(['--token', 'alice-token'])
    const env = textOf(await world.call(alice, server, 'env'))
    expect(env).toContain('org-license')
    expect(env).not.toContain('alice-other')
    const request = world.sandboxes.acquired[0]!
    expect(inspect(request, { depth: 10 }) + JSON.stringify([...request.env])).not.toMatch(/alice-token|org-license/)
  })

  test('a missing variable starts no child', async () => {
    const server = makeStdio(
      'child',
      [process.execPath, CHILD],
      {},
      { env: [{ name: 'TOKEN', value: '${USER_TOKEN}' }] },
    )
    const { error } = await world.start(bob, server, { method: 'tools/list' }).sink.done
    expect(error?.code).toBe('missing_variable')
    expect(world.sandboxes.started).toBe(0)
    await expect(world.upstreams.describe(null, server, new AbortController().signal)).rejects.toMatchObject({
      code: 'missing_variable',
    })
  })
})

test('a server of a type that is not built is refused with that, not with the members of another type', async () => {
  const { spec, ...remote } = makeRemote('pets', 'https://a.example/', {})
  const { remote: _url, ...rest } = spec
  const server = { ...remote, spec: { ...rest, type: 'OpenApi' as const, openApi: {} } }
  const { error } = await world.start(alice, server, { method: 'tools/list' }).sink.done
  expect(error?.code).toBe('server_unavailable')
  expect(error?.message).toMatch(/"pets" cannot be used: this version .* cannot run servers of type OpenApi; /)
})

describe('the url of a remote server', () => {
  const urlOf = (url: string, remote: JsonObject = {}) => makeRemote('remote', url, {}, remote)
  test.each([
    ['another scheme', 'ftp://127.0.0.1/mcp'],
    ['a user name', 'https://user:open-sesame@127.0.0.1/mcp'],
    ['plain http elsewhere', 'http://192.0.2.1/mcp'],
  ])('%s is refused', async (_what, url) => {
    const { error } = await world.start(alice, urlOf(url), { method: 'tools/list' }).sink.done
    expect(error?.code).toBe('server_unavailable')
    expect(error?.message).not.toContain('sesame')
  })

  test('a value in it is one component: it cannot choose another host or path', async () => {
    world.variables.set('alice', 'USER_TENANT', '../admin?x=1#@evil.example')
    const server = urlOf(`${upstream.url}/\${USER_TENANT}/mcp`, { allowInUrl: true })
    await world.call(alice, server, 'echo')
    expect(upstream.calls('echo')[0]!.url).toBe('/mcp/..%2Fadmin%3Fx%3D1%23%40evil.example/mcp')
  })

  test('a variable in the host is refused', async () => {
    world.variables.set('alice', 'USER_TENANT', 'evil')
    const server = urlOf('https://${USER_TENANT}.example.com/mcp', { allowInUrl: true })
    const { error } = await world.start(alice, server, { method: 'tools/list' }).sink.done
    expect(error?.code).toBe('server_unavailable')
  })
})
