// What a value may look like, by everything the catalogue's manifests do with it: places, format, pattern. No reason ever holds a value.
import { createContext, Script } from 'node:vm'
import type { UserVariableSpec } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { variablePlaces } from '../../catalog/templates.ts'
import { checkValueFor, type ValuePlace } from '../../secrets/template.ts'

/** One server's wish. */
interface Wish {
  readonly server: string
  readonly places: ReadonlySet<ValuePlace>
  readonly spec: UserVariableSpec | null
}

const PATTERN_MS = 100
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

/** Why the value cannot be kept under this name, or null. A variable that nobody names yet must be fit for env, the widest place. */
export function checkValue(name: string, value: string, servers: Iterable<CatalogServer>): string | null {
  const wishes = findWishes(name, servers)
  for (const { places, spec } of wishes) {
    for (const place of places.size > 0 ? places : new Set<ValuePlace>(['env'])) {
      const reason = checkValueFor(place, value, spec?.format ?? 'Line')
      if (reason !== null) return reason
    }
  }
  if (wishes.length === 0) return checkValueFor('env', value)
  return checkPatterns(value, wishes)
}

function checkPatterns(value: string, wishes: readonly Wish[]): string | null {
  for (const { spec } of wishes) {
    if (spec?.pattern === undefined || matches(spec.pattern, value)) continue
    return spec.help === undefined
      ? 'the value does not have the form the server asks for'
      : `the value does not have the form the server asks for (${spec.help})`
  }
  return null
}

/**
 * In a context of its own with a time limit: a manifest's pattern must not hold up the hub for a value somebody chose. A pattern that is none
 * asks for nothing.
 */
function matches(pattern: string, value: string): boolean {
  const context = createContext({ pattern: `^(?:${pattern})$`, value })
  const run = (script: Script): boolean | null => {
    try {
      return script.runInContext(context, { timeout: PATTERN_MS }) === true
    } catch {
      return null
    }
  }
  return run(COMPILE) === null || run(PATTERN) === true
}
