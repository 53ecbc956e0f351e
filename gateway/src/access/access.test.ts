import { exposeToolName, mcpServerSpec, userGroupSpec } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Principal } from '../auth/principal.ts'
import type { Catalog, CatalogGroup, CatalogServer, CatalogSnapshot } from '../catalog/catalog.ts'
import { deriveServer } from '../catalog/derive.ts'
import type { EndpointScope, View } from './access.ts'
import { createAccess } from './create-access.ts'
import type { AccessDeps } from './create-access.ts'
import { explainTool, resolveTool } from './explain-tool.ts'
import { matchesPattern } from './tool-policy.ts'

const server = (name: string, spec: object = {}, labels: Record<string, string> = {}): CatalogServer =>
  deriveServer({
    name,
    labels,
    spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: `https://${name}.example.test` }, ...spec }),
  })
const group = (name: string, spec: object): CatalogGroup => ({ name, spec: userGroupSpec.parse(spec) })
const principal = (over: Partial<Principal> = {}): Principal => ({
  userId: 'u-alice',
  username: 'alice',
  role: 'member',
  keyId: 'k1',
  scope: { servers: null },
  claims: [],
  loginUntil: null,
  via: 'key',
  ...over,
})
const byName = <T extends { name: string }>(items: readonly T[]): ReadonlyMap<string, T> =>
  new Map(items.map((item) => [item.name, item]))

/** A catalogue and personal groups that a test can change. */
function world(servers: readonly CatalogServer[], groups: readonly CatalogGroup[] = []) {
  let snapshot: CatalogSnapshot = { revision: 1, servers: byName(servers), groups: byName(groups), faults: [] }
  const readers = new Set<Parameters<Catalog['subscribe']>[0]>()
  const watchers = new Set<(userId: string) => void>()
  const personal = new Map<string, Map<string, { active: boolean; servers: string[] }>>()
  const facts = { isAsync: false, asked: 0, missing: [] as string[], tools: ['read', 'write'] as string[] | null }
  const answer = <T>(value: T): T | Promise<T> => {
    facts.asked += 1
    return facts.isAsync ? Promise.resolve(value) : value
  }
  const deps: AccessDeps = {
    catalog: {
      snapshot: () => snapshot,
      subscribe: (reader) => {
        readers.add(reader)
        return () => readers.delete(reader)
      },
    },
    personalGroups: {
      shown: (userId) => {
        const own = personal.get(userId)
        if (!own?.size) return answer(null)
        return answer(new Set([...own.values()].flatMap((one) => (one.active ? one.servers : []))))
      },
      group: (userId, name) => {
        const one = personal.get(userId)?.get(name)
        return answer(one ? new Set(one.servers) : null)
      },
      // here a group's name is its id
      byId: (userId, id) => {
        const one = personal.get(userId)?.get(id)
        return answer(one ? { name: id, servers: new Set(one.servers) } : null)
      },
      having: (userId, name) =>
        answer(
          [...(personal.get(userId) ?? [])].flatMap(([own, { servers: has }]) => (has.includes(name) ? [own] : [])),
        ),
      onChange: (watcher) => {
        watchers.add(watcher)
        return () => watchers.delete(watcher)
      },
    },
    variables: { resolve: () => ({ values: new Map(), missing: facts.missing, version: '1' }) },
    discoveredTools: () => facts.tools,
    serverState: () => ({ ok: true, reason: 'ready' }),
    needsNewerClient: () => false,
    heldTools: { listHeld: () => new Set(), onChange: () => () => undefined },
  }
  return {
    deps,
    facts,
    access: createAccess(deps),
    change(nextServers: readonly CatalogServer[], nextGroups: readonly CatalogGroup[] = groups) {
      const previous = snapshot
      snapshot = {
        revision: previous.revision + 1,
        servers: byName(nextServers),
        groups: byName(nextGroups),
        faults: [],
      }
      for (const reader of readers) reader(snapshot, previous)
    },
    setPersonal(userId: string, own: Record<string, { active: boolean; servers: string[] }>) {
      personal.set(userId, new Map(Object.entries(own)))
      for (const watcher of watchers) watcher(userId)
    },
  }
}

const ALL: EndpointScope = { kind: 'all' }
const namesOf = (view: View | null | Promise<View | null>): string[] | null => {
  if (view instanceof Promise) throw new Error('the view should be there at once')
  return view && [...view.grants.keys()]
}
const viewOf = (view: View | null | Promise<View | null>): View => {
  if (!view || view instanceof Promise) throw new Error('no view at once')
  return view
}

describe('entitlement', () => {
  const everyone = server('open', { access: 'Everyone' })
  const finance = server('finance', {}, { team: 'finance', tier: '1' })
  const off = server('off', { access: 'Everyone', enabled: false })

  test('Everyone, membership by username, by claim, by labels; nothing else', () => {
    const groups = [
      group('by-name', { members: { users: ['alice'] }, servers: ['finance', 'gone'] }),
      group('by-claim', {
        members: { claims: [{ name: 'team', value: 'money' }] },
        serverSelector: { matchLabels: { team: 'finance', tier: '1' } },
      }),
    ]
    const { access } = world([everyone, finance, off], groups)
    expect(namesOf(access.view(principal(), ALL))).toEqual(['open', 'finance'])
    const bob = principal({ userId: 'u-bob', username: 'bob' })
    expect(namesOf(access.view(bob, ALL))).toEqual(['open'])
    expect(namesOf(access.view({ ...bob, claims: [{ name: 'team', value: 'money' }] }, ALL))).toEqual([
      'open',
      'finance',
    ])
    expect(
      namesOf(
        access.view(
          {
            ...bob,
            claims: [
              { name: 'Team', value: 'money' },
              { name: 'money', value: 'team' },
            ],
          },
          ALL,
        ),
      ),
    ).toEqual(['open'])
  })

  test('an inactive group, an empty selector and a partly matching one give nothing', () => {
    const members = { users: ['alice'] }
    const groups = [
      group('off', { members, servers: ['finance'], active: false }),
      group('empty', { members, serverSelector: {} }),
      group('partly', { members, serverSelector: { matchLabels: { team: 'finance', tier: '2' } } }),
      group('proto', { members, serverSelector: { matchLabels: { constructor: 'x' } } }),
    ]
    expect(namesOf(world([finance], groups).access.view(principal(), ALL))).toEqual([])
  })
})

describe('narrowing', () => {
  const servers = ['a', 'b', 'c'].map((name) => server(name, { access: 'Everyone' }))

  test('R3-9d: no personal group shows all, groups but none active nothing, else the union of the active ones', () => {
    const { access, setPersonal } = world(servers)
    expect(namesOf(access.view(principal(), ALL))).toEqual(['a', 'b', 'c'])
    setPersonal('u-alice', { one: { active: false, servers: ['a'] } })
    expect(namesOf(access.view(principal(), ALL))).toEqual([])
    setPersonal('u-alice', {
      one: { active: true, servers: ['a', 'unknown'] },
      two: { active: true, servers: ['c'] },
      three: { active: false, servers: ['b'] },
    })
    expect(namesOf(access.view(principal(), ALL))).toEqual(['a', 'c'])
    expect(namesOf(access.view(principal({ userId: 'u-bob', username: 'bob' }), ALL))).toEqual(['a', 'b', 'c'])
  })

  test('SES-8: hidden by a personal group, by the key, by entitlement, switched off, unknown: one answer for all', () => {
    const { access, setPersonal } = world([
      ...servers,
      server('secret'),
      server('off', { access: 'Everyone', enabled: false }),
    ])
    setPersonal('u-alice', { one: { active: true, servers: ['a', 'b', 'secret', 'off'] } })
    const alice = principal({ scope: { servers: ['a', 'c', 'secret', 'off'] } })
    expect(namesOf(access.view(alice, ALL))).toEqual(['a'])
    expect(namesOf(access.view(alice, { kind: 'server', name: 'a' }))).toEqual(['a'])
    for (const name of ['b', 'c', 'secret', 'off', 'unknown', '__proto__', '']) {
      expect(access.view(alice, { kind: 'server', name }), name).toBeNull()
    }
    expect(access.view(alice, { kind: 'group', name: 'unknown' })).toBeNull()
  })

  test('a group endpoint: the personal group of that name first, else a UserGroup the person is in', () => {
    const groups = [
      group('team', { members: { users: ['alice'] }, servers: ['a', 'b'] }),
      group('others', { members: { users: ['bob'] }, servers: ['a'] }),
      group('mine', { members: { users: ['alice'] }, servers: ['c'] }),
    ]
    const { access, setPersonal } = world(servers, groups)
    const at = (name: string): string[] | null => namesOf(access.view(principal(), { kind: 'group', name }))
    expect(at('team')).toEqual(['a', 'b'])
    expect(at('others')).toBeNull()
    setPersonal('u-alice', { mine: { active: false, servers: ['b', 'unknown'] }, on: { active: true, servers: ['a'] } })
    expect(at('mine')).toEqual(['b'])
    expect(at('team')).toEqual(['a'])
    expect(
      namesOf(access.view(principal({ userId: 'u-bob', username: 'bob' }), { kind: 'group', name: 'on' })),
    ).toBeNull()
  })

  test('SES-8: a key for a group shows that group alone, live, whatever is turned on; nothing once it is gone', () => {
    const { access, setPersonal } = world([...servers, server('secret')])
    const alice = principal({ scope: { servers: [], groupId: 'work' } })
    const told: (string | null)[] = []
    access.onChange((userId) => told.push(userId))
    setPersonal('u-alice', {
      work: { active: false, servers: ['b', 'secret'] },
      play: { active: true, servers: ['a', 'b'] },
    })
    expect(namesOf(access.view(alice, ALL))).toEqual(['b'])
    expect(namesOf(access.view(alice, { kind: 'group', name: 'play' }))).toEqual(['b'])
    expect(namesOf(access.view(alice, { kind: 'server', name: 'b' }))).toEqual(['b'])
    for (const name of ['a', 'secret']) expect(access.view(alice, { kind: 'server', name })).toBeNull()
    // the very same principal, as an open stream keeps it
    setPersonal('u-alice', { work: { active: false, servers: ['a', 'c'] } })
    expect(namesOf(access.view(alice, ALL))).toEqual(['a', 'c'])
    setPersonal('u-alice', {})
    expect(namesOf(access.view(alice, ALL))).toEqual([])
    expect(access.view(alice, { kind: 'server', name: 'a' })).toBeNull()
    expect(told).toEqual(['u-alice', 'u-alice', 'u-alice'])
    setPersonal('u-bob', { work: { active: true, servers: ['a'] } })
    expect(namesOf(access.view(alice, ALL))).toEqual([])
  })

  test('a view of a key for a group is the same, also where the groups must be fetched first', async () => {
    const { access, facts, setPersonal } = world(servers)
    setPersonal('u-alice', { work: { active: true, servers: ['b'] } })
    facts.isAsync = true
    const [one, two] = ['work', 'other'].map((groupId) =>
      access.view(principal({ scope: { servers: [], groupId } }), ALL),
    )
    expect([...(await one)!.grants.keys()]).toEqual(['b'])
    expect([...(await two)!.grants.keys()]).toEqual([])
  })
})

describe('tools', () => {
  const allowed = (servers: CatalogServer[], groups: CatalogGroup[], tool: string): boolean | undefined =>
    viewOf(world(servers, groups).access.view(principal(), ALL)).grants.get(servers[0]!.name)?.allowsTool(tool)
  const alice = { users: ['alice'] }

  test('the manifest binds everybody', () => {
    const servers = [server('a', { access: 'Everyone', tools: { allow: ['read_*', 'write'], deny: ['read_secret'] } })]
    expect(allowed(servers, [], 'read_file')).toBe(true)
    expect(allowed(servers, [], 'read_secret')).toBe(false)
    expect(allowed(servers, [], 'other')).toBe(false)
    const groups = [group('g', { members: alice, servers: ['a'], tools: { allow: ['a__*'] } })]
    expect(allowed(servers, groups, 'read_secret')).toBe(false)
    expect(allowed([server('a', { access: 'Everyone', tools: { allow: [] } })], [], 'read')).toBe(false)
  })

  test('several groups: allows are united, a deny of any group wins, also over access: Everyone', () => {
    const closed = [server('a')]
    const reader = group('reader', { members: alice, servers: ['a'], tools: { allow: ['a__read*'] } })
    const writer = group('writer', { members: alice, servers: ['a'], tools: { allow: ['a__write'] } })
    const careful = group('careful', { members: alice, servers: [], tools: { deny: ['*__write'] } })
    expect(allowed(closed, [reader], 'write')).toBe(false)
    expect(allowed(closed, [reader, writer], 'write')).toBe(true)
    expect(allowed(closed, [reader, writer, careful], 'write')).toBe(false)
    expect(allowed(closed, [reader, writer, careful], 'read_file')).toBe(true)
    const open = [server('a', { access: 'Everyone' })]
    expect(allowed(open, [reader], 'write')).toBe(true)
    expect(allowed(open, [careful], 'write')).toBe(false)
    const inactive = group('careful', { members: alice, servers: [], tools: { deny: ['*'] }, active: false })
    expect(allowed(open, [inactive], 'write')).toBe(true)
  })

  test('patterns meet the prefix, the server name and names too long to be shown whole', () => {
    const prefixed = [server('github', { access: 'Everyone', tools: { prefix: 'gh' } })]
    const denying = (pattern: string): CatalogGroup[] => [
      group('g', { members: alice, servers: [], tools: { deny: [pattern] } }),
    ]
    const long = `create_${'x'.repeat(80)}`
    for (const pattern of ['gh__create*', 'github__create*', '*'])
      expect(allowed(prefixed, denying(pattern), long), pattern).toBe(false)
    expect(allowed(prefixed, denying('git__*'), long)).toBe(true)
  })

  test('matchesPattern agrees with the obvious regular expression and takes no time on a hostile pattern (property)', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '_', '.', '*')).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const source = pattern
          .split('*')
          .map((part) => part.replaceAll('.', '\\.'))
          .join('.*')
        expect(matchesPattern(pattern, name)).toBe(new RegExp(`^${source}$`, 's').test(name))
      }),
      { numRuns: 2000 },
    )
    const from = performance.now()
    expect(matchesPattern('*a'.repeat(95) + 'b', 'a'.repeat(100_000))).toBe(false)
    expect(performance.now() - from).toBeLessThan(2_000)
  })
})

test('CON-9: a held tool is allowed nobody who is shown it so; the view is another the moment that changes', () => {
  const held = new Map([['u-alice', new Set(['write'])]])
  const listeners = new Set<(userId: string | null) => void>()
  const { deps } = world([server('a', { access: 'Everyone' }), server('b', { access: 'Everyone' })])
  const access = createAccess({
    ...deps,
    heldTools: {
      listHeld: ({ name }, userId) => (name === 'a' ? (held.get(userId) ?? new Set()) : new Set()),
      onChange: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  })
  const told: (string | null)[] = []
  access.onChange((userId) => told.push(userId))
  const allows = (view: View, name: string, tool: string): boolean => view.grants.get(name)!.allowsTool(tool)
  const first = viewOf(access.view(principal(), ALL))
  expect([allows(first, 'a', 'write'), allows(first, 'a', 'read'), allows(first, 'b', 'write')]).toEqual([
    false,
    true,
    true,
  ])
  const bob = principal({ userId: 'u-bob', username: 'bob' })
  expect(allows(viewOf(access.view(bob, ALL)), 'a', 'write')).toBe(true)
  held.set('u-alice', new Set())
  // a call that is under way with the view of before
  expect(allows(first, 'a', 'write')).toBe(true)
  for (const listener of listeners) listener(null)
  const second = viewOf(access.view(principal(), ALL))
  expect(second).not.toBe(first)
  expect(allows(second, 'a', 'write')).toBe(true)
  expect(told).toEqual([null])
  for (const listener of listeners) listener('u-alice')
  expect(viewOf(access.view(principal(), ALL))).toBe(second)
  access.stop()
  expect(listeners.size).toBe(0)
})

test('limits: the most generous of the active groups that set one', () => {
  const members = { users: ['alice'] }
  const groups = [
    group('small', { members, servers: ['a'], limits: { maxRunningPerUser: 2, callsPerMinute: 60 } }),
    group('large', { members, servers: ['a'], limits: { maxRunningPerUser: 8 } }),
    group('silent', { members, servers: ['a'] }),
    group('off', { members, servers: ['a'], limits: { maxRunningPerUser: 100 }, active: false }),
    group('others', { members: { users: ['bob'] }, servers: ['a'], limits: { callsPerMinute: 999 } }),
  ]
  const { access } = world([server('a')], groups)
  expect(viewOf(access.view(principal(), ALL)).limits).toEqual({ maxRunningPerUser: 8, callsPerMinute: 60 })
  expect(viewOf(access.view(principal({ userId: 'u', username: 'nobody' }), ALL)).limits).toEqual({
    maxRunningPerUser: null,
    callsPerMinute: null,
  })
})

describe('algebra (property)', () => {
  const names = ['a', 'b', 'c', 'd']
  const some = fc.subarray(names)
  const anyGroup = fc.record({ users: fc.subarray(['alice', 'bob']), servers: some, active: fc.boolean() })
  const anyWorld = fc.record({
    servers: fc.array(fc.record({ everyone: fc.boolean(), enabled: fc.boolean() }), { minLength: 4, maxLength: 4 }),
    groups: fc.array(anyGroup, { maxLength: 4 }),
    personal: fc.array(fc.record({ servers: some, active: fc.boolean() }), { maxLength: 3 }),
    scope: fc.option(some),
  })

  test('SES-8: a view is exactly entitlement ∩ personal groups ∩ key scope ∩ endpoint, and endpoints only narrow', () => {
    fc.assert(
      fc.property(anyWorld, (w) => {
        const servers = names.map((name, i) =>
          server(name, { access: w.servers[i]!.everyone ? 'Everyone' : 'Groups', enabled: w.servers[i]!.enabled }),
        )
        const groups = w.groups.map((g, i) =>
          group(`g${i}`, { members: { users: g.users }, servers: g.servers, active: g.active }),
        )
        const { access, setPersonal } = world(servers, groups)
        setPersonal('u-alice', Object.fromEntries(w.personal.map((one, i) => [`p${i}`, one])))
        const alice = principal({ scope: { servers: w.scope } })
        const expected = names.filter(
          (name, i) =>
            w.servers[i]!.enabled &&
            (w.servers[i]!.everyone ||
              w.groups.some((g) => g.active && g.users.includes('alice') && g.servers.includes(name))) &&
            (w.personal.length === 0 || w.personal.some((p) => p.active && p.servers.includes(name))) &&
            (w.scope === null || w.scope.includes(name)),
        )
        expect(namesOf(access.view(alice, ALL))).toEqual(expected)
        for (const name of names) {
          const single = access.view(alice, { kind: 'server', name })
          expect(namesOf(single)).toEqual(expected.includes(name) ? [name] : null)
        }
        for (const [i, g] of w.groups.entries()) {
          const seen = namesOf(access.view(alice, { kind: 'group', name: `g${i}` }))
          expect(seen).toEqual(
            g.active && g.users.includes('alice') ? expected.filter((name) => g.servers.includes(name)) : null,
          )
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('cache', () => {
  const servers = ['a', 'b'].map((name) => server(name, { access: 'Everyone' }))

  test('the same object until something changes, for another key of the same scope and another object of the same person too', () => {
    const { access, facts } = world(servers)
    const view = viewOf(access.view(principal(), ALL))
    const asked = facts.asked
    expect(access.view(principal({ keyId: 'k2' }), ALL)).toBe(view)
    expect(facts.asked).toBe(asked)
    expect(access.view(principal({ scope: { servers: ['a'] } }), ALL)).not.toBe(view)
    expect(access.view(principal({ userId: 'u-other' }), ALL)).not.toBe(view)
    expect(Object.isFrozen(view)).toBe(true)
  })

  test('a change that does not concern a view keeps its object; one that does replaces it at once', () => {
    const { access, change, setPersonal } = world(servers)
    const told: (string | null)[] = []
    access.onChange((userId) => told.push(userId))
    const alice = principal()
    const before = viewOf(access.view(alice, ALL))
    const single = viewOf(access.view(alice, { kind: 'server', name: 'a' }))
    change([...servers, server('c')])
    expect(access.view(alice, ALL)).toBe(before)
    change([...servers, server('c', { access: 'Everyone' })])
    expect(namesOf(access.view(alice, ALL))).toEqual(['a', 'b', 'c'])
    expect(access.view(alice, { kind: 'server', name: 'a' })).toBe(single)
    change([server('a', { access: 'Everyone' }), servers[1]!])
    expect(access.view(alice, { kind: 'server', name: 'a' })).not.toBe(single)
    setPersonal('u-alice', { one: { active: true, servers: ['b'] } })
    expect(namesOf(access.view(alice, ALL))).toEqual(['b'])
    setPersonal('u-bob', { one: { active: true, servers: [] } })
    expect(told).toEqual([null, null, null, 'u-alice', 'u-bob'])
  })

  test('SES-7: a change while the facts are being read is not missed', async () => {
    const { access, facts, setPersonal } = world(servers)
    facts.isAsync = true
    const alice = principal()
    const pending = access.view(alice, ALL)
    expect(pending).toBeInstanceOf(Promise)
    setPersonal('u-alice', { one: { active: true, servers: ['b'] } })
    await pending
    expect([...(await access.view(alice, ALL))!.grants.keys()]).toEqual(['b'])
    expect(access.view(alice, ALL)).not.toBeInstanceOf(Promise)
  })

  test('a fault of the personal groups reaches the caller and is not kept', async () => {
    const { deps } = world(servers)
    let isDown = true
    const shown = (): null | Promise<null> => (isDown ? Promise.reject(new Error('away')) : null)
    const access = createAccess({ ...deps, personalGroups: { ...deps.personalGroups, shown } })
    await expect(access.view(principal(), ALL)).rejects.toThrow('away')
    isDown = false
    expect(namesOf(access.view(principal(), ALL))).toEqual(['a', 'b'])
  })

  test('the number of kept views is bounded', () => {
    const { deps, facts } = world(servers)
    const access = createAccess({ ...deps, maxViews: 2 })
    const people = ['x', 'y', 'z'].map((userId) => principal({ userId }))
    for (const one of people) viewOf(access.view(one, ALL))
    const asked = facts.asked
    viewOf(access.view(people[2]!, ALL))
    viewOf(access.view(people[1]!, ALL))
    expect(facts.asked).toBe(asked)
    viewOf(access.view(people[0]!, ALL))
    expect(facts.asked).toBe(asked + 1)
  })
})

describe('explain', () => {
  const servers = [
    server('a', { tools: { deny: ['write'] } }),
    server('open', { access: 'Everyone', tools: { prefix: 'o' } }),
    server('off', { access: 'Everyone', enabled: false }),
  ]
  const groups = [group('team', { members: { users: ['alice'] }, servers: ['a'] })]
  const admin = principal({ userId: 'u-admin', username: 'root', role: 'admin' })
  const bob = principal({ userId: 'u-bob', username: 'bob' })
  const setUp = (prepare: (w: ReturnType<typeof world>) => void = () => {}) => {
    const w = world(servers, groups)
    prepare(w)
    const people = new Map([principal(), bob, admin].map((one) => [one.username, one]))
    const ask = (asker: Principal, tool: string, user?: string) =>
      explainTool(
        {
          ...w.deps,
          access: w.access,
          principalOf: async (name) => people.get(name) ?? null,
          scopeOf: async () => null,
          sessionOf: async () => null,
        },
        asker,
        user === undefined ? { tool } : { tool, user },
      )
    return ask
  }
  const failing = ({ steps }: { steps: readonly { step: string; ok: boolean }[] }): string[] =>
    steps.filter(({ ok }) => !ok).map(({ step }) => step)

  test('R3-3b: every step in order, each with its reason', async () => {
    const answer = await setUp()(principal(), 'a__read')
    expect(answer).toMatchObject({ server: 'a', user: 'alice', visible: true })
    expect(answer.steps.map(({ step }) => step)).toEqual([
      'entitlement',
      'personalGroup',
      'keyScope',
      'serverState',
      'toolPolicy',
      'variables',
      'discovery',
      'name',
      'client',
      'login',
    ])
    expect(answer.steps[0]?.reason).toBe('entitled through UserGroup "team"')
  })

  test.each([
    ['an unentitled user', 'a__read', 'bob', ['entitlement'], false],
    ['a denied tool', 'a__write', 'alice', ['toolPolicy'], false],
    ['an unknown tool', 'a__other', 'alice', ['discovery'], false],
    ['a server that is switched off', 'off__read', 'alice', ['serverState'], false],
    ['a prefix of its own', 'o__read', 'bob', [], true],
    ['a server as a whole', 'open', 'bob', [], true],
  ] as const)('R3-3b: %s: %s for %s fails at %j', async (_, tool, user, steps, visible) => {
    const answer = await setUp()(admin, tool, user)
    expect(failing(answer)).toEqual(steps)
    expect(answer.visible).toBe(visible)
  })

  test('a server of a type that this version cannot run: its state says so', async () => {
    const answer = await setUp((w) => {
      w.change([server('pets', { access: 'Everyone', type: 'OpenApi', remote: undefined, openApi: {} })])
      w.facts.tools = null
    })(bob, 'pets')
    expect(failing(answer)).toEqual(['serverState', 'discovery'])
    expect(answer.steps.find(({ step }) => step === 'serverState')?.reason).toContain(
      'cannot run servers of type OpenApi',
    )
    expect(answer.visible).toBe(false)
  })

  test('R3-3b: personal group, key scope, missing variable, nothing discovered', async () => {
    const narrowed = await setUp((w) => w.setPersonal('u-alice', { one: { active: false, servers: ['a'] } }))(
      principal(),
      'a__read',
    )
    expect(failing(narrowed)).toEqual(['personalGroup'])
    expect(failing(await setUp()(principal({ scope: { servers: ['open'] } }), 'a__read'))).toEqual(['keyScope'])
    const missing = await setUp((w) => (w.facts.missing = ['USER_TOKEN', 'ORG_KEY']))(principal(), 'a__read')
    expect(missing).toMatchObject({ visible: true })
    expect(missing.steps.find(({ step }) => step === 'variables')?.reason).toMatch(
      /mcphub secrets set USER_TOKEN; ORG_KEY must be set by an administrator/,
    )
    expect(failing(await setUp((w) => (w.facts.tools = null))(principal(), 'a__read'))).toEqual(['discovery'])
  })

  test('SES-8: a member learns nothing of servers of others nor of other users; an administrator does', async () => {
    const ask = setUp()
    const hidden = await ask(bob, 'a__read')
    const unknown = await ask(bob, 'zzz__read')
    // what was typed alone differs
    expect(hidden.params).toEqual({ name: 'a__read' })
    const typed = { tool: '', params: {} }
    expect({ ...hidden, ...typed }).toEqual({ ...unknown, ...typed })
    await expect(ask(bob, 'open__read', 'alice')).rejects.toMatchObject({ code: 'not_found' })
    await expect(ask(bob, 'open__read', 'nobody')).rejects.toMatchObject({ code: 'not_found' })
    await expect(ask(admin, 'open__read', 'nobody')).rejects.toMatchObject({ code: 'not_found' })
    expect((await ask(admin, 'a__read', 'bob')).server).toBe('a')
  })

  test('a shortened name is found by the tools that were discovered', () => {
    const open = servers[1]!
    const long = 'x'.repeat(80)
    expect(resolveTool([open], exposeToolName('o', long), () => [long])).toEqual({ server: open, tool: long })
    expect(resolveTool([open], 'o__read', () => null)).toEqual({ server: open, tool: 'read' })
    expect(resolveTool(servers, 'nothing', () => null)).toBeNull()
  })
})
