// "12 people lose 3 tools": what a change of the catalogue means, against what each person would be granted one by one.
import { EFFECT_NAMES, mcpServerSpec, userGroupSpec } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CatalogGroup, CatalogServer, CatalogSnapshot } from '../catalog/catalog.ts'
import { deriveServer } from '../catalog/derive.ts'
import { computeEffect } from './effect.ts'
import { listEntitlements, listGroupsOf, type Person } from './entitlement.ts'
import { buildToolPolicy } from './tool-policy.ts'

const server = (name: string, spec: object = {}): CatalogServer =>
  deriveServer({
    name,
    labels: { team: name },
    spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://x.test' }, ...spec }),
  })
const group = (name: string, spec: object): CatalogGroup => ({ name, spec: userGroupSpec.parse(spec) })
const snapshot = (servers: readonly CatalogServer[], groups: readonly CatalogGroup[]): CatalogSnapshot => ({
  revision: 1,
  servers: new Map(servers.map((one) => [one.name, one])),
  groups: new Map(groups.map((one) => [one.name, one])),
  faults: [],
})
const TOOLS: Readonly<Record<string, readonly string[]>> = { a: ['read', 'write', 'drop'], b: ['read'] }
const toolsOf = ({ name }: CatalogServer): readonly string[] | null => TOOLS[name] ?? null
const people = (count: number, prefix = 'p'): Person[] =>
  Array.from({ length: count }, (_, at) => ({ username: `${prefix}${at}`, claims: [] }))
const names = (list: readonly Person[]): string[] => list.map(({ username }) => username)
const some = (length: number) => expect.toSatisfy((list: readonly string[]) => new Set(list).size === length)

describe('what a change means', () => {
  const staff = people(12)
  const all = [...staff, ...people(30, 'other')]
  const a = server('a')
  const team = group('team', { members: { users: names(staff) }, servers: ['a'] })
  const before = snapshot([a], [team])
  const effect = (after: CatalogSnapshot, from = before, who = all) =>
    computeEffect({ before: from, after, people: who, toolsOf })

  test('12 people lose 3 tools when their group no longer gives the server', () => {
    const without = group('team', { members: { users: names(staff) }, servers: [] })
    expect(effect(snapshot([a], [without]))).toEqual({
      people: 12,
      gain: [],
      lose: [{ server: 'a', people: 12, names: names(staff).toSorted(), tools: 3 }],
    })
    expect(effect(before, snapshot([a], [without]))).toEqual({
      people: 12,
      gain: [{ server: 'a', people: 12, names: names(staff).toSorted(), tools: 3 }],
      lose: [],
    })
  })

  test('a narrowed server loses only the tools that went; a removed and a disabled one all', () => {
    expect(effect(snapshot([server('a', { tools: { deny: ['write', 'drop'] } })], [team])).lose).toEqual([
      { server: 'a', people: 12, names: some(12), tools: 2 },
    ])
    for (const after of [snapshot([], [team]), snapshot([server('a', { enabled: false })], [team])])
      expect(effect(after).lose).toEqual([{ server: 'a', people: 12, names: some(12), tools: 3 }])
  })

  test('Everyone means all, some of whom are named; of a server never discovered the tools are not known', () => {
    const open = server('new', { access: 'Everyone' })
    expect(effect(snapshot([a, open], [team]))).toEqual({
      people: 42,
      gain: [{ server: 'new', people: 42, names: some(EFFECT_NAMES), tools: null }],
      lose: [],
    })
  })

  test('a deny of a group reaches its people on every server they have', () => {
    const b = server('b', { access: 'Everyone' })
    const denying = group('careful', {
      members: { users: ['p0', 'other0'] },
      servers: [],
      tools: { deny: ['*__read'] },
    })
    expect(effect(snapshot([a, b], [team, denying]), snapshot([a, b], [team]))).toEqual({
      people: 2,
      gain: [],
      lose: [
        { server: 'b', people: 2, names: ['other0', 'p0'], tools: 1 },
        { server: 'a', people: 1, names: ['p0'], tools: 1 },
      ],
    })
  })

  test('whom a claim makes a member is counted; words for people change nothing', () => {
    const byClaim = group('team', { members: { claims: [{ name: 'groups', value: 'dev' }] }, servers: ['a'] })
    const dev = { username: 'dev', claims: [{ name: 'groups', value: 'dev' }] }
    const gained = computeEffect({
      before: snapshot([a], []),
      after: snapshot([a], [byClaim]),
      people: [...all, dev],
      toolsOf,
    })
    expect(gained.gain).toEqual([{ server: 'a', people: 1, names: ['dev'], tools: 3 }])
    expect(effect(snapshot([server('a', { description: 'new words' })], [team]))).toEqual({
      people: 0,
      gain: [],
      lose: [],
    })
  })

  test('5,000 people in 200 groups with 500 servers take less than a second', () => {
    const servers = Array.from({ length: 500 }, (_, at) => server(`s${at}`))
    const crowd = people(5000)
    const groups = Array.from({ length: 200 }, (_, at) =>
      group(`g${at}`, {
        members: { users: names(crowd).filter((_name, index) => index % 200 === at) },
        servers: servers.slice(at, at + 40).map(({ name }) => name),
      }),
    )
    const off = groups.map((one) => (one.name === 'g7' ? group('g7', { ...one.spec, active: false }) : one))
    const from = performance.now()
    const result = computeEffect({
      before: snapshot(servers, groups),
      after: snapshot(servers, off),
      people: crowd,
      toolsOf,
    })
    expect(result).toMatchObject({ people: 25, gain: [] })
    expect(result.lose).toHaveLength(40)
    expect(performance.now() - from).toBeLessThan(1000)
  })
})

test('the same as one person after another (property)', () => {
  const anyGroup = fc.record({
    users: fc.subarray(['u0', 'u1', 'u2']),
    claims: fc.subarray([{ name: 'g', value: 'x' }]),
    servers: fc.subarray(['a', 'b', 'c']),
    deny: fc.subarray(['a__read', '*__write']),
    active: fc.boolean(),
  })
  const anySide = fc.record({ groups: fc.array(anyGroup, { maxLength: 3 }), open: fc.subarray(['a', 'b', 'c']) })
  const build = ({
    groups,
    open,
  }: {
    groups: { users: string[]; claims: object[]; servers: string[]; deny: string[]; active: boolean }[]
    open: string[]
  }) =>
    snapshot(
      ['a', 'b', 'c'].map((name) => server(name, { access: open.includes(name) ? 'Everyone' : 'Groups' })),
      groups.map(({ users, claims, servers, deny, active }, at) =>
        group(`g${at}`, { members: { users, claims }, servers, tools: { deny }, active }),
      ),
    )
  const who: Person[] = [
    { username: 'u0', claims: [] },
    { username: 'u1', claims: [{ name: 'g', value: 'x' }] },
    { username: 'u2', claims: [] },
  ]
  const allowed = (person: Person, catalog: CatalogSnapshot): Set<string> =>
    new Set(
      [...listEntitlements(person, catalog).values()].flatMap((entitlement) => {
        const policy = buildToolPolicy(entitlement, listGroupsOf(person, catalog.groups.values()))
        const tools = (toolsOf(entitlement.server) ?? []).filter((tool) => policy.check(tool) === null)
        return [entitlement.server.name, ...tools.map((tool) => `${entitlement.server.name} ${tool}`)]
      }),
    )
  const beyond = (one: ReadonlySet<string>, other: ReadonlySet<string>): string[] =>
    [...one].filter((key) => !other.has(key))
  fc.assert(
    fc.property(anySide, anySide, (one, other) => {
      const [before, after] = [build(one), build(other)]
      const { people: concerned, lose, gain } = computeEffect({ before, after, people: who, toolsOf })
      const differs = who.filter(
        (person) =>
          beyond(allowed(person, before), allowed(person, after)).length +
            beyond(allowed(person, after), allowed(person, before)).length >
          0,
      )
      expect(concerned).toBe(differs.length)
      for (const [list, from, to] of [
        [lose, after, before],
        [gain, before, after],
      ] as const) {
        for (const name of ['a', 'b', 'c']) {
          const more = who.map((person) => beyond(allowed(person, to), allowed(person, from)))
          const mine = more.map((keys) => keys.filter((key) => key === name || key.startsWith(`${name} `)))
          const peopleOf = mine.filter((keys) => keys.length > 0).length
          expect(list.find((entry) => entry.server === name)?.people ?? 0).toBe(peopleOf)
        }
      }
    }),
    { numRuns: 200 },
  )
})
