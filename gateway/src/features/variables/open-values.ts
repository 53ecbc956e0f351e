// The opened values of one owner, and what of them one server gets: only names its manifest names. A value that does not open is as if it
// were not set (fails closed), and audited.
import { createHash } from 'node:crypto'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { openValue, type SealRing } from '../../secrets/seal.ts'
import { Secret } from '../../secrets/secret.ts'
import type { ResolvedVariables } from '../../secrets/variables.ts'
import type { Audit } from '../audit.ts'
import type { StoredVariable } from './variables-store.ts'

export interface OpenValue {
  readonly secret: Secret
  readonly version: string
}

export type OpenValues = ReadonlyMap<string, OpenValue>

export const NO_VALUES: OpenValues = new Map()

/** Owner of organisation variables inside seals: no user id looks like it. */
const ORG_OWNER = 'organisation'

export const placeOf = (owner: string | null, name: string): { owner: string; name: string } => ({
  owner: owner ?? ORG_OWNER,
  name,
})

/** Null when it does not open. */
export function openStored(ring: SealRing, { owner, name, sealed }: StoredVariable): string | null {
  try {
    return openValue(ring, placeOf(owner, name), sealed)
  } catch {
    return null
  }
}

export interface OpenDeps {
  readonly ring: SealRing
  readonly audit: Audit | null
}

export function openAll({ ring, audit }: OpenDeps, stored: readonly StoredVariable[]): OpenValues {
  const values = new Map<string, OpenValue>()
  for (const variable of stored) {
    const value = openStored(ring, variable)
    if (value === null) audit?.record(unopened(variable))
    else values.set(variable.name, { secret: new Secret(value), version: variable.version })
  }
  return values
}

function unopened({ owner, name, version }: StoredVariable): Parameters<Audit['record']>[0] {
  return {
    at: Date.now(),
    requestId: version,
    userId: owner,
    keyId: null,
    sessionId: null,
    kind: 'admin',
    action: 'variable.open',
    server: null,
    target: name,
    outcome: 'error',
    code: 'invalid_variable',
    durationMs: 0,
    argumentsHash: null,
    via: null,
    detail: null,
  }
}

/** What one server gets of both. Its version tells that a value changed, and nothing of the values. */
export function selectValues(server: CatalogServer, user: OpenValues, org: OpenValues): ResolvedVariables {
  const wanted = [
    ...server.userVariables.map(({ name, required }) => ({ name, required, from: user })),
    ...server.orgVariables.map((name) => ({ name, required: true, from: org })),
  ]
  const values = new Map<string, Secret>()
  const missing: string[] = []
  const hash = createHash('sha256')
  for (const { name, required, from } of wanted) {
    const found = from.get(name)
    if (found) values.set(name, found.secret)
    else if (required) missing.push(name)
    hash.update(`${name}=${found?.version ?? ''};`)
  }
  return { values, missing, version: hash.digest('hex').slice(0, 32) }
}
