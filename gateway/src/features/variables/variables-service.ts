// Values of `${USER_*}` and `${ORG_*}`: checked on save, sealed at rest, shown only masked.
import { randomUUID } from 'node:crypto'
import { HubError, isMasked, MASK, maskValue, ORG_VARIABLE, USER_VARIABLE } from '@mcphub/api'
import type { FieldFault, UserVariableSpec } from '@mcphub/api'
import type { Catalog, CatalogServer } from '../../catalog/catalog.ts'
import { FeedCache } from '../../db/feed-cache.ts'
import type { ChangeSource, Transactor, Unit } from '../../db/unit.ts'
import { resealValue, sealValue, type SealRing } from '../../secrets/seal.ts'
import type { ResolvedVariables, Variables } from '../../secrets/variables.ts'
import type { Audit } from '../audit.ts'
import { createValueCheck, listServersUsing, type ValueCheck } from './check-value.ts'
import { NO_VALUES, openAll, openStored, placeOf, selectValues, type OpenValues } from './open-values.ts'
import type { StoredVariable, VariablesStore } from './variables-store.ts'

export interface VariableInfo {
  readonly name: string
  /** `maskValue` of @mcphub/api; of an organisation variable nothing at all */
  readonly masked: string
  readonly updatedAt: Date
  /** servers whose manifests name it now */
  readonly usedBy: readonly string[]
}

/** One field of a form that nobody wrote by hand: computed from the catalogue. */
export interface EnvTemplateField {
  readonly name: string
  readonly label: string | null
  readonly help: string | null
  readonly required: boolean
  readonly secret: boolean
  readonly format: UserVariableSpec['format']
  readonly pattern: string | null
  readonly isSet: boolean
}

export interface EnvTemplate {
  readonly server: string
  readonly displayName: string | null
  readonly description: string | null
  readonly fields: readonly EnvTemplateField[]
}

export interface SavedVariable extends VariableInfo {
  /** false: the masked placeholder came back and the value stayed as it was */
  readonly changed: boolean
}

/** Every method throws HubError; `invalid_params` carries one fault per variable (field = its name) and never a value. */
export interface VariablesService extends Variables {
  list(userId: string): Promise<readonly VariableInfo[]>
  /**
   * All or nothing. A masked placeholder leaves its variable as it is. What values must look like is asked of these servers alone (default: the whole
   * catalogue): what others want would tell a person of servers they may not know of.
   */
  set(
    userId: string,
    values: Readonly<Record<string, string>>,
    known?: Iterable<CatalogServer>,
  ): Promise<readonly SavedVariable[]>
  /** False when it was not set. */
  unset(userId: string, name: string): Promise<boolean>
  listOrg(): Promise<readonly VariableInfo[]>
  setOrg(values: Readonly<Record<string, string>>): Promise<readonly SavedVariable[]>
  unsetOrg(name: string): Promise<boolean>
  /** Forms for these servers (default: the whole catalogue); servers without user variables are left out. */
  envTemplates(userId: string, servers?: Iterable<CatalogServer>): Promise<readonly EnvTemplate[]>
  /** Wraps every value's key again under the current key of the ring: resumable, safe under load. `failed` = rows no key of the ring opens. */
  reseal(signal?: AbortSignal): Promise<{ readonly resealed: number; readonly failed: number }>
}

export interface VariablesDeps {
  readonly store: VariablesStore
  readonly transactor: Transactor
  readonly changes: ChangeSource
  readonly ring: SealRing
  readonly catalog: Pick<Catalog, 'snapshot'>
  /** told of values that do not open */
  readonly audit?: Audit
}

const MAX_PER_OWNER = 256
const RESEAL_BATCH = 200
/** The organisation's key in the cache and its subject in the feed. */
const ORG = 'org'

type Listener = (userId: string | null, names: readonly string[]) => void

export function createVariablesService(deps: VariablesDeps): VariablesService {
  const { store, transactor, ring, catalog } = deps
  const servers = (): Iterable<CatalogServer> => catalog.snapshot().servers.values()
  const listeners = new Set<Listener>()
  const valueCheck = createValueCheck()
  const cache = new FeedCache<OpenValues>({
    load: async (key) => openAll({ ring, audit: deps.audit ?? null }, await store.list(null, key === ORG ? null : key)),
  })
  /** What servers got of these very values; gone with them. */
  const selected = new WeakMap<OpenValues, WeakMap<CatalogServer, { org: OpenValues; resolved: ResolvedVariables }>>()

  deps.changes.subscribe('variables', (subjects) => {
    const touched = subjects ? groupSubjects(subjects) : new Map(cache.keys().map((key) => [key, [] as string[]]))
    cache.invalidate(subjects ? touched.keys() : null)
    for (const [key, names] of touched) for (const listener of listeners) listener(key === ORG ? null : key, names)
  })

  function select(server: CatalogServer, user: OpenValues, org: OpenValues): ResolvedVariables {
    const known = selected.get(user) ?? new WeakMap<CatalogServer, { org: OpenValues; resolved: ResolvedVariables }>()
    const hit = known.get(server)
    if (hit?.org === org) return hit.resolved
    const resolved = selectValues(server, user, org)
    selected.set(user, known.set(server, { org, resolved }))
    return resolved
  }

  function present(variable: StoredVariable): VariableInfo {
    const { owner, name, updatedAt } = variable
    return {
      name,
      masked: owner === null ? MASK : mask(openStored(ring, variable)),
      updatedAt,
      usedBy: listServersUsing(name, servers()),
    }
  }

  const listOf = async (owner: string | null): Promise<readonly VariableInfo[]> =>
    (await store.list(null, owner)).map(present)

  async function save(unit: Unit, { owner, values, known }: Saving): Promise<SavedVariable[]> {
    const stored = new Map((await store.list(unit, owner)).map((variable) => [variable.name, variable]))
    const wanted = Object.entries(values)
    checkAll(wanted, { owner, stored, servers: [...known], valueCheck })
    const saved: SavedVariable[] = []
    for (const [name, value] of wanted) {
      const changed = !isMasked(value)
      const variable = changed ? sealNew(ring, owner, name, value) : stored.get(name)!
      if (changed) {
        await store.put(unit, variable)
        unit.announce('variables', `${owner ?? ORG}/${name}`)
      }
      saved.push({ ...present(variable), changed })
    }
    return saved
  }

  const setFor = (saving: Saving): Promise<SavedVariable[]> => transactor.transaction((unit) => save(unit, saving))

  const unsetFor = (owner: string | null, name: string): Promise<boolean> =>
    transactor.transaction(async (unit) => {
      if (!nameFor(owner).test(name)) return false
      const removed = await store.remove(unit, owner, name)
      if (removed) unit.announce('variables', `${owner ?? ORG}/${name}`)
      return removed
    })

  return {
    resolve(userId, server) {
      const user = userId === null ? NO_VALUES : cache.get(userId)
      const org = server.orgVariables.length === 0 ? NO_VALUES : cache.get(ORG)
      if (user instanceof Promise || org instanceof Promise)
        return Promise.all([user, org]).then((both) => select(server, ...both))
      return select(server, user, org)
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    list: (userId) => listOf(userId),
    set: (owner, values, known = servers()) => setFor({ owner, values, known }),
    unset: (userId, name) => unsetFor(userId, name),
    listOrg: () => listOf(null),
    setOrg: (values) => setFor({ owner: null, values, known: servers() }),
    unsetOrg: (name) => unsetFor(null, name),
    envTemplates: async (userId, wanted) => {
      const values = await cache.get(userId)
      return [...(wanted ?? servers())].flatMap((server) => buildTemplate(server, values))
    },
    reseal: (signal) => reseal(deps, signal),
  }
}

const nameFor = (owner: string | null): RegExp => (owner === null ? ORG_VARIABLE : USER_VARIABLE)

/** Text values are not shown in part: a cut of several lines is no help. */
const mask = (value: string | null): string => (value === null || /[\r\n]/.test(value) ? MASK : maskValue(value))

function sealNew(ring: SealRing, owner: string | null, name: string, value: string): StoredVariable {
  const sealed = sealValue(ring, placeOf(owner, name), value)
  return { owner, name, sealed, version: randomUUID(), updatedAt: new Date() }
}

/** Subject = owner/name; a name left out means all of the owner's. */
function groupSubjects(subjects: ReadonlySet<string>): Map<string, string[]> {
  const touched = new Map<string, string[]>()
  for (const subject of subjects) {
    const [owner, name] = subject.split('/') as [string, string]
    const names = touched.get(owner) ?? []
    touched.set(owner, name === '' ? names : [...names, name])
  }
  return touched
}

interface Saving {
  readonly owner: string | null
  readonly values: Readonly<Record<string, string>>
  /** whose wishes count */
  readonly known: Iterable<CatalogServer>
}

interface SaveContext {
  readonly owner: string | null
  readonly stored: ReadonlyMap<string, StoredVariable>
  readonly servers: readonly CatalogServer[]
  readonly valueCheck: ValueCheck
}

function checkOne(name: string, value: string, context: SaveContext): string | null {
  if (!nameFor(context.owner).test(name))
    return `a name is ${context.owner === null ? 'ORG_' : 'USER_'} and upper-case letters, digits or "_"`
  if (!isMasked(value)) return context.valueCheck.check(name, value, context.servers)
  return context.stored.has(name) ? null : 'this is the masked text of a list; give the value itself'
}

function checkAll(values: readonly [string, string][], context: SaveContext): void {
  const faults: FieldFault[] = []
  for (const [name, value] of values) {
    const message = checkOne(name, value, context)
    if (message !== null) faults.push({ field: nameFor(context.owner).test(name) ? name : '(name)', message })
  }
  if (faults.length > 0) throw new HubError('invalid_params', 'Nothing was saved: a value cannot be used', { faults })
  const names = new Set([...context.stored.keys(), ...values.map(([name]) => name)])
  if (names.size > MAX_PER_OWNER)
    throw new HubError('limit_exceeded', `At most ${MAX_PER_OWNER} variables; remove some that are not needed`)
}

function buildTemplate(server: CatalogServer, values: OpenValues): EnvTemplate[] {
  if (server.userVariables.length === 0) return []
  const fields = server.userVariables.map((variable) => ({
    name: variable.name,
    label: variable.label ?? null,
    help: variable.help ?? null,
    required: variable.required,
    secret: variable.secret,
    format: variable.format,
    pattern: variable.pattern ?? null,
    isSet: values.has(variable.name),
  }))
  const { displayName, description } = server.spec
  return [{ server: server.name, displayName: displayName ?? null, description: description ?? null, fields }]
}

/** Batch by batch; what is done stays done, so a crash costs nothing but the rest. Values never change, only what wraps their keys. */
async function reseal(
  { store, ring }: Pick<VariablesDeps, 'store' | 'ring'>,
  signal?: AbortSignal,
): Promise<{ resealed: number; failed: number }> {
  let resealed = 0
  let failed = 0
  for (;;) {
    signal?.throwIfAborted()
    const batch = await store.listNotUnder(ring.current.id, { skip: failed, limit: RESEAL_BATCH })
    if (batch.length === 0) return { resealed, failed }
    for (const variable of batch) {
      const sealed = tryReseal(ring, variable)
      if (sealed) resealed += Number(await store.replaceSealed(variable, sealed))
      else failed += 1
    }
  }
}

function tryReseal(ring: SealRing, { owner, name, sealed }: StoredVariable): StoredVariable['sealed'] | null {
  try {
    return resealValue(ring, placeOf(owner, name), sealed)
  } catch {
    return null
  }
}
