// What a value may look like, by everything the catalogue's manifests do with it: places, format, pattern. No reason ever holds a value.
import { createContext, Script } from 'node:vm'
import type { UserVariableSpec, ValuePlace } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { variablePlaces } from '../../catalog/templates.ts'
import { checkValueFor } from '../../secrets/template.ts'

/** One server's wish. */
interface Wish {
  readonly server: string
  readonly places: ReadonlySet<ValuePlace>
  readonly spec: UserVariableSpec | null
}

/** By the clock, so a busy machine must not make a good value look bad; a pattern that needs it all is not tried again for a while. */
const PATTERN_MS = 1_000
const SLOW_MS = 60_000
const PATTERN = new Script(`new RegExp(pattern, 'u').test(value)`)
const COMPILE = new Script(`new RegExp(pattern, 'u'), true`)

function findWishes(name: string, servers: Iterable<CatalogServer>): Wish[] {
  const wishes: Wish[] = []
  for (const server of servers) {
    const spec = server.userVariables.find((variable) => variable.name === name) ?? null
    const places = variablePlaces(server.spec).get(name)
    if (spec || places) wishes.push({ server: server.name, places: places ?? new Set(), spec })
  }
  return wishes
}

/** Names of the servers whose manifests name the variable. */
export function listServersUsing(name: string, servers: Iterable<CatalogServer>): string[] {
  return findWishes(name, servers).map((wish) => wish.server)
}

export interface ValueCheck {
  /** Why the value cannot be kept under this name, or null. A variable that nobody names yet must be fit for env, the widest place. */
  check(name: string, value: string, servers: Iterable<CatalogServer>): string | null
}

export function createValueCheck(): ValueCheck {
  /** pattern → until when it is not tried again */
  const slow = new Map<string, number>()

  function checkPattern(pattern: string, value: string): string | null {
    const isSlow = (slow.get(pattern) ?? 0) > Date.now()
    const outcome = isSlow ? 'slow' : tryPattern(pattern, value)
    if (outcome === 'fits') return null
    if (outcome === 'no') return 'the value does not have the form the server asks for'
    if (!isSlow) slow.set(pattern, Date.now() + SLOW_MS)
    return 'checking the form the server asks for takes too long; tell an administrator, the pattern in its manifest must be simpler'
  }

  return {
    check(name, value, servers) {
      const wishes = findWishes(name, servers)
      const reason = wishes.length === 0 ? checkValueFor('env', value) : checkPlaces(value, wishes)
      if (reason !== null) return reason
      for (const { spec } of wishes) {
        const fault = spec?.pattern === undefined ? null : checkPattern(spec.pattern, value)
        if (fault !== null) return fault
      }
      return null
    },
  }
}

function checkPlaces(value: string, wishes: readonly Wish[]): string | null {
  for (const { places, spec } of wishes) {
    for (const place of places.size > 0 ? places : new Set<ValuePlace>(['env'])) {
      const reason = checkValueFor(place, value, spec?.format ?? 'Line')
      if (reason !== null) return reason
    }
  }
  return null
}

/**
 * In a context of its own with a time limit: a manifest's pattern must not hold up the hub for a value somebody chose. A pattern that is none
 * asks for nothing.
 */
function tryPattern(pattern: string, value: string): 'fits' | 'no' | 'slow' {
  const context = createContext({ pattern: `^(?:${pattern})$`, value })
  try {
    COMPILE.runInContext(context, { timeout: PATTERN_MS })
  } catch {
    return 'fits'
  }
  try {
    return PATTERN.runInContext(context, { timeout: PATTERN_MS }) === true ? 'fits' : 'no'
  } catch {
    return 'slow'
  }
}
