// What a change of the catalogue means for people: who gains and who loses which server and how many of its tools. Pure, over both states;
// thousands of people are a few dozen kinds of people, those with the same groups, and each kind is looked at once.
import { EFFECT_NAMES, type EffectResponse } from '@mcphub/api'
import type { CatalogGroup, CatalogServer, CatalogSnapshot } from '../catalog/catalog.ts'
import { entitle, type Person } from './entitlement.ts'
import { buildToolPolicy } from './tool-policy.ts'

export interface EffectFacts {
  readonly before: CatalogSnapshot
  readonly after: CatalogSnapshot
  readonly people: readonly Person[]
  /** the server's own tool names by its last discovery; null = never discovered */
  readonly toolsOf: (server: CatalogServer) => readonly string[] | null
}

type Groups = readonly CatalogGroup[]
/** Names of tools; null: the server without a word of its tools. */
type Allowed = ReadonlySet<string> | null

interface Kind {
  readonly before: Groups
  readonly after: Groups
  /** handles, in the order people were given */
  readonly names: string[]
}

interface Tally {
  people: number
  readonly names: string[]
  readonly tools: Set<string>
  isKnown: boolean
}

export function computeEffect({ before, after, people, toolsOf }: EffectFacts): EffectResponse {
  const kinds = sortPeople(people, before, after)
  const changed = differing(before.servers, after.servers)
  const changedGroups = differing(before.groups, after.groups)
  const all = new Set([...before.servers.keys(), ...after.servers.keys()])
  const tallies = { gain: new Map<string, Tally>(), lose: new Map<string, Tally>() }
  let concerned = 0
  for (const kind of kinds) {
    const isMoved = [...kind.before, ...kind.after].some(({ name }) => changedGroups.has(name))
    let isConcerned = false
    for (const name of isMoved ? all : changed) {
      const had = allowedOf(before.servers.get(name), kind.before, toolsOf)
      const has = allowedOf(after.servers.get(name), kind.after, toolsOf)
      const isGain = count(tallies.gain, name, { from: had, to: has, people: kind.names })
      const isLoss = count(tallies.lose, name, { from: has, to: had, people: kind.names })
      isConcerned ||= isGain || isLoss
    }
    if (isConcerned) concerned += kind.names.length
  }
  return { people: concerned, gain: present(tallies.gain), lose: present(tallies.lose) }
}

function differing<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): ReadonlySet<string> {
  return new Set([...before.keys(), ...after.keys()].filter((name) => before.get(name) !== after.get(name)))
}

/** By the groups they are in, before and after. */
function sortPeople(people: readonly Person[], before: CatalogSnapshot, after: CatalogSnapshot): Iterable<Kind> {
  const [groupsBefore, groupsAfter] = [indexMembers(before), indexMembers(after)]
  const kinds = new Map<string, Kind>()
  for (const person of people) {
    const own = { before: groupsBefore(person), after: groupsAfter(person) }
    const key = JSON.stringify([own.before.map(({ name }) => name), own.after.map(({ name }) => name)])
    const kind = kinds.get(key) ?? { ...own, names: [] }
    kind.names.push(person.username)
    kinds.set(key, kind)
  }
  return kinds.values()
}

/** As `listGroupsOf`, for many people: each group's members are read once. In the order of the catalogue. */
function indexMembers({ groups }: CatalogSnapshot): (person: Person) => Groups {
  const active = [...groups.values()].filter(({ spec }) => spec.active)
  const byUser = new Map<string, Set<CatalogGroup>>()
  const byClaim = new Map<string, Set<CatalogGroup>>()
  const add = (index: Map<string, Set<CatalogGroup>>, key: string, group: CatalogGroup): void => {
    index.set(key, (index.get(key) ?? new Set()).add(group))
  }
  for (const group of active) {
    for (const user of group.spec.members.users) add(byUser, user, group)
    for (const { name, value } of group.spec.members.claims) add(byClaim, JSON.stringify([name, value]), group)
  }
  return ({ username, claims }) => {
    const own = new Set(byUser.get(username))
    for (const { name, value } of claims) {
      for (const group of byClaim.get(JSON.stringify([name, value])) ?? []) own.add(group)
    }
    return own.size === 0 ? [] : active.filter((group) => own.has(group))
  }
}

/** undefined: not entitled. */
function allowedOf(
  server: CatalogServer | undefined,
  groups: Groups,
  toolsOf: EffectFacts['toolsOf'],
): Allowed | undefined {
  const entitlement = server === undefined ? null : entitle(server, groups)
  if (entitlement === null) return undefined
  const tools = toolsOf(entitlement.server)
  if (tools === null) return null
  const policy = buildToolPolicy(entitlement, groups)
  return new Set(tools.filter((tool) => policy.check(tool) === null))
}

interface Change {
  readonly from: Allowed | undefined
  readonly to: Allowed | undefined
  readonly people: readonly string[]
}

/** Counts what `to` has beyond `from`. @returns whether there is anything */
function count(tallies: Map<string, Tally>, server: string, { from, to, people }: Change): boolean {
  if (to === undefined) return false
  const more = to === null ? [] : [...to].filter((tool) => from === undefined || from === null || !from.has(tool))
  if (from !== undefined && more.length === 0) return false
  const tally = tallies.get(server) ?? { people: 0, names: [], tools: new Set<string>(), isKnown: false }
  tally.people += people.length
  tally.names.push(...people.slice(0, EFFECT_NAMES))
  tally.isKnown ||= to !== null
  for (const tool of more) tally.tools.add(tool)
  tallies.set(server, tally)
  return true
}

const present = (tallies: ReadonlyMap<string, Tally>): EffectResponse['gain'] =>
  [...tallies]
    .map(([server, { people, names, tools, isKnown }]) => ({
      server,
      people,
      names: names.toSorted().slice(0, EFFECT_NAMES),
      tools: isKnown ? tools.size : null,
    }))
    .toSorted((a, b) => b.people - a.people || (a.server < b.server ? -1 : 1))
