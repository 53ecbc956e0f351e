// R6-4: one test per cause. What stands in the way is told by one code with its parameters, and what helps by another.
import { EXPLAIN_CAUSES, mcpServerSpec, userGroupSpec, type ExplainQuery } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import type { KeyScope, Principal } from '../auth/principal.ts'
import type { CatalogFault, CatalogGroup, CatalogServer } from '../catalog/catalog.ts'
import { deriveServer } from '../catalog/derive.ts'
import { explain, type ExplainDeps } from './explain.ts'
import { explainTool, type ExplainedSession } from './explain-tool.ts'

const server = (name: string, spec: object = {}): CatalogServer =>
  deriveServer({
    name,
    labels: {},
    spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: `https://${name}.example.test` }, ...spec }),
  })
const group = (name: string, spec: object): CatalogGroup => ({ name, spec: userGroupSpec.parse(spec) })
const person = (username: string, over: Partial<Principal> = {}): Principal => ({
  userId: `u-${username}`,
  username,
  role: 'member',
  via: 'key',
  keyId: 'k1',
  scope: { servers: null },
  claims: [],
  loginUntil: null,
  ...over,
})
const alice = person('alice')
const bob = person('bob')
const root = person('root', { role: 'admin' })
const auditor = person('watcher', { role: 'auditor' })
const KEY = '7b0a1a52-6b5e-4ac2-9f0e-0d8f6a3c1b11'
const SESSION = '0123456789abcdef01234567'

interface World {
  readonly servers?: readonly CatalogServer[]
  readonly faults?: readonly CatalogFault[]
  readonly deps?: Partial<ExplainDeps>
  readonly scope?: KeyScope
  readonly session?: ExplainedSession
}

const byName = <T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> =>
  new Map(items.map((item) => [item.name, item]))

function ask(asker: Principal, query: ExplainQuery, world: World = {}) {
  const servers = world.servers ?? [server('a', { tools: { deny: ['write'] } }), server('off', { enabled: false })]
  const groups = [group('team', { members: { users: ['alice'] }, servers: servers.map(({ name }) => name) })]
  const catalog = { revision: 1, servers: byName(servers), groups: byName(groups), faults: world.faults ?? [] }
  const deps: ExplainDeps = {
    personalGroups: { shown: () => null, having: () => [], byId: () => null },
    variables: { resolve: () => ({ values: new Map(), missing: [], version: '1' }) },
    discoveredTools: () => ['read', 'write'],
    serverState: () => ({ ok: true, reason: 'ready' }),
    needsNewerClient: () => false,
    heldTools: { listHeld: () => new Set() },
    ...world.deps,
  }
  const people = byNameOf([alice, bob, root])
  return explainTool(
    {
      access: { explain: (question) => explain(deps, catalog, question) },
      catalog: { snapshot: () => catalog },
      discoveredTools: deps.discoveredTools,
      principalOf: async (name) => people.get(name) ?? null,
      scopeOf: async (userId, keyId) => (userId === alice.userId && keyId === KEY ? (world.scope ?? null) : null),
      sessionOf: async (userId, id) => (userId === alice.userId && id === SESSION ? (world.session ?? null) : null),
    },
    asker,
    query,
  )
}

const byNameOf = (people: readonly Principal[]): ReadonlyMap<string, Principal> =>
  new Map(people.map((one) => [one.username, one]))
const sentenceOf = async (answer: ReturnType<typeof ask>) => {
  const { visible, cause, params, fix } = await answer
  return { visible, cause, params, fix }
}
const hidden = (cause: string, params: object, fix: object | null) => ({ visible: false, cause, params, fix })

describe('R6-4: why a tool is not there', () => {
  test('nothing stands in the way', async () => {
    expect(await sentenceOf(ask(alice, { tool: 'a__read' }))).toEqual({
      visible: true,
      cause: null,
      params: {},
      fix: null,
    })
  })

  test('entitlement', async () => {
    expect(await sentenceOf(ask(root, { tool: 'a__read', user: 'bob' }))).toEqual(
      hidden('entitlement', { server: 'a', groups: ['team'] }, { kind: 'askAdmin', target: 'a' }),
    )
  })

  test('SES-8: a member who is not entitled hears the same as of what does not exist', async () => {
    const unknown = { cause: 'unknown', fix: { kind: 'chooseAnother', target: null } }
    expect(await ask(bob, { tool: 'a__read' })).toMatchObject({ ...unknown, server: null, params: { name: 'a__read' } })
    expect(await ask(bob, { tool: 'zzz' })).toMatchObject({ ...unknown, server: null, params: { name: 'zzz' } })
  })

  test.each([
    [['work', 'home'], 'work'],
    [[], null],
  ])('group off: personal groups %j have it', async (having, target) => {
    const deps = { personalGroups: { shown: () => new Set(['other']), having: () => having, byId: () => null } }
    expect(await sentenceOf(ask(alice, { tool: 'a__read' }, { deps }))).toEqual(
      hidden('groupOff', { server: 'a', groups: having }, { kind: 'turnGroupOn', target }),
    )
  })

  test('key scope: asked with that key, or as the key named in the question sees it', async () => {
    const expected = hidden('keyScope', { server: 'a' }, { kind: 'widenKey', target: 'a' })
    const scope = { servers: ['off'] }
    expect(await sentenceOf(ask({ ...alice, scope }, { tool: 'a__read' }))).toEqual(expected)
    expect(await sentenceOf(ask(alice, { tool: 'a__read', forKey: KEY }, { scope }))).toEqual(expected)
  })

  test('key of a group: what the group has, whatever is turned on; nothing when the group is gone', async () => {
    const scope = { servers: [], groupId: 'g1' }
    const groupOf = (servers: readonly string[] | null) => ({
      personalGroups: {
        ...{ shown: () => new Set(['other']), having: () => [] },
        byId: () => servers && { name: 'work', servers: new Set(servers) },
      },
    })
    const asked = (servers: readonly string[] | null) =>
      sentenceOf(ask({ ...alice, scope }, { tool: 'a__read' }, { deps: groupOf(servers) }))
    expect((await asked(['a'])).visible).toBe(true)
    const fix = { kind: 'widenKey', target: 'a' }
    expect(await asked(['off'])).toEqual(hidden('keyScope', { server: 'a' }, fix))
    expect(await asked(null)).toEqual(hidden('keyGroupGone', { server: 'a' }, fix))
    const forKey = await sentenceOf(ask(alice, { tool: 'a__read', forKey: KEY }, { scope, deps: groupOf(null) }))
    expect(forKey).toEqual(hidden('keyGroupGone', { server: 'a' }, fix))
  })

  test('held', async () => {
    const deps = { heldTools: { listHeld: () => new Set(['read']) } }
    expect(await ask(alice, { tool: 'a__read' }, { deps })).toMatchObject(
      hidden('held', { server: 'a', tool: 'read' }, { kind: 'askAdmin', target: 'a' }),
    )
    // what a rule denies is not waiting for anybody
    expect((await ask(alice, { tool: 'a__write' }, { deps })).cause).toBe('denied')
  })

  test('denied', async () => {
    const reason = 'the manifest of the server denies this tool'
    expect(await sentenceOf(ask(alice, { tool: 'a__write' }))).toEqual(
      hidden('denied', { server: 'a', tool: 'write', reason }, { kind: 'askAdmin', target: 'a' }),
    )
  })

  test('disabled', async () => {
    expect(await sentenceOf(ask(alice, { tool: 'off__read' }))).toEqual(
      hidden('disabled', { server: 'off' }, { kind: 'askAdmin', target: 'off' }),
    )
  })

  test.each([
    [['USER_TOKEN', 'ORG_KEY'], { kind: 'setVariable', target: 'USER_TOKEN' }],
    [['ORG_KEY'], { kind: 'askAdmin', target: 'a' }],
  ])('missing variable: %j; it comes before what it brings about', async (missing, fix) => {
    const deps = {
      variables: { resolve: () => ({ values: new Map(), missing, version: '1' }) },
      discoveredTools: () => null,
      serverState: () => ({ ok: false, reason: 'its last use failed' }),
    }
    expect(await sentenceOf(ask(alice, { tool: 'a__read' }, { deps }))).toEqual(
      hidden('missingVariable', { server: 'a', variables: missing }, fix),
    )
  })

  test('broken', async () => {
    const deps = { serverState: () => ({ ok: false, reason: 'exited with 1' }) }
    expect(await sentenceOf(ask(alice, { tool: 'a__read' }, { deps }))).toEqual({
      visible: true,
      cause: 'broken',
      params: { server: 'a', reason: 'exited with 1' },
      fix: { kind: 'waitOrRestart', target: 'a' },
    })
  })

  test.each([
    ['of the person: the field of its variable', '${USER_TOKEN}', ['USER_TOKEN'], 'setVariable', 'USER_TOKEN'],
    ['of the organisation: an administrator', '${ORG_TOKEN}', [], 'askAdmin', 'a'],
  ])('a credential that is refused, %s', async (_, value, variables, kind, target) => {
    const remote = { url: 'https://a.example.test', headers: [{ name: 'Authorization', value: `Bearer ${value}` }] }
    const servers = [server('a', { remote })]
    const states = (refused: string) => ({ serverState: () => ({ ok: false, reason: 'HTTP 401', refused }) })
    expect(await sentenceOf(ask(alice, { tool: 'a__read' }, { servers, deps: states('1') }))).toEqual({
      ...{ visible: true, cause: 'credentialRefused', params: { server: 'a', variables } },
      fix: { kind, target },
    })
    // another value has been given since, and nothing was sent with it
    expect(await ask(alice, { tool: 'a__read' }, { servers, deps: states('0') })).toMatchObject({ cause: 'broken' })
  })

  test('the last login is too long ago: it is listed, and calls wait for the next', async () => {
    const late = { ...alice, loginUntil: Date.now() - 1 }
    expect(await sentenceOf(ask(late, { tool: 'a__read' }))).toEqual({
      ...{ visible: true, cause: 'loginExpired', params: {} },
      fix: { kind: 'logIn', target: null },
    })
    expect((await ask({ ...alice, loginUntil: Date.now() + 60_000 }, { tool: 'a__read' })).cause).toBeNull()
  })

  test('name collision: two tools of one name', async () => {
    const servers = [server('a', { tools: { prefix: 'x' } }), server('b', { tools: { prefix: 'x' } })]
    expect(await sentenceOf(ask(alice, { tool: 'a' }, { servers }))).toMatchObject({ cause: null, visible: true })
    expect(await sentenceOf(ask(alice, { tool: 'x__read' }, { servers }))).toEqual(
      hidden('nameCollision', { name: 'x__read', servers: ['a', 'b'] }, { kind: 'rename', target: 'a' }),
    )
  })

  test('name collision: a manifest whose prefix is taken, for those who may know of it', async () => {
    const taken = { claim: 'x', servers: ['a', 'b'] }
    const fault = { file: 'b.yaml', line: 1, resource: 'McpServer/b', message: 'claimed', prefixTaken: taken }
    for (const asker of [root, auditor]) {
      expect(await sentenceOf(ask(asker, { tool: 'b__read' }, { faults: [fault] }))).toEqual(
        hidden('nameCollision', { name: 'x', servers: ['a', 'b'] }, { kind: 'rename', target: 'b' }),
      )
    }
    expect(await ask(alice, { tool: 'b__read' }, { faults: [fault] })).toMatchObject({ cause: 'unknown' })
    const { prefixTaken: _, ...broken } = fault
    expect(await ask(root, { tool: 'b' }, { faults: [broken] })).toMatchObject({ cause: 'broken', server: null })
  })

  test('client too old: asked for a session', async () => {
    const session = { keyId: KEY, client: { name: 'Old Editor', revision: '2025-06-18' } }
    const needsNewerClient: ExplainDeps['needsNewerClient'] = ({ tool, revision }) =>
      tool === 'read' && revision < '2025-11-25'
    const world = { session, scope: { servers: null }, deps: { needsNewerClient } }
    expect(await sentenceOf(ask(alice, { tool: 'a__read', session: SESSION }, world))).toEqual(
      hidden(
        'clientTooOld',
        { tool: 'read', client: 'Old Editor', revision: '2025-06-18' },
        { kind: 'update', target: 'Old Editor' },
      ),
    )
    expect(await ask(alice, { tool: 'a__read' }, world)).toMatchObject({ visible: true })
    const newer = { ...world, session: { ...session, client: { name: 'New', revision: '2025-11-25' } } }
    expect(await ask(alice, { tool: 'a__read', session: SESSION }, newer)).toMatchObject({ visible: true })
  })

  test('undiscovered, and not offered', async () => {
    expect(await sentenceOf(ask(alice, { tool: 'a__read' }, { deps: { discoveredTools: () => null } }))).toEqual(
      hidden('undiscovered', { server: 'a' }, { kind: 'waitOrRestart', target: 'a' }),
    )
    expect(await sentenceOf(ask(alice, { tool: 'a__other' }))).toEqual(
      hidden('notOffered', { server: 'a', tool: 'other' }, { kind: 'chooseAnother', target: 'a' }),
    )
  })
})

describe('on whose behalf', () => {
  test.each([
    ['a key of somebody else', bob, { forKey: KEY }],
    ['a session of somebody else', bob, { session: SESSION }],
    ['another key, asked with one that is limited', { ...alice, scope: { servers: ['a'] } }, { forKey: KEY }],
  ])('%s is unknown', async (_, asker, over) => {
    const world = { scope: { servers: null }, session: { keyId: KEY, client: { name: null, revision: '2025-11-25' } } }
    await expect(ask(asker, { tool: 'a__read', ...over }, world)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a limited key may ask as itself; an auditor as anybody', async () => {
    const limited = { ...alice, keyId: KEY, scope: { servers: ['a'] } }
    expect(await ask(limited, { tool: 'a__read', forKey: KEY }, { scope: limited.scope })).toMatchObject({
      visible: true,
    })
    expect(await ask(auditor, { tool: 'a__read', user: 'alice' })).toMatchObject({ visible: true, user: 'alice' })
  })
})

test('each step tells its own cause, and the first of them is the answer’s', async () => {
  const deps = { serverState: () => ({ ok: false, reason: 'down' }) }
  const { cause, steps } = await ask(alice, { tool: 'a__write' }, { deps })
  const causes = steps.flatMap((step) => step.cause ?? [])
  expect(causes).toEqual(['broken', 'denied'])
  expect(cause).toBe(causes.toSorted((a, b) => EXPLAIN_CAUSES.indexOf(a) - EXPLAIN_CAUSES.indexOf(b))[0])
})
