// The providers' settings: those of the configuration as they are, those of the console from the database, in memory and alike on every replica.
// A secret is sealed when it comes in and opened only for who logs people in.
import { randomUUID } from 'node:crypto'
import { HubError, type ProviderConfig, type PutProviderRequest, because, providerConfig } from '@mcphub/api'
import type { ChangeSource, Transactor } from '../../db/unit.ts'
import { Secret } from '../../secrets/secret.ts'
import {
  openValue,
  resealValue,
  sealValue,
  type SealPlace,
  type SealedValue,
  type SealRing,
} from '../../secrets/seal.ts'
import { type ProviderSetting, type ProviderSettings, addressOf } from './provider-settings.ts'
import type { ProviderStore, StoredProvider } from './provider-store.ts'

/** For administrators: what is written down, in use or not. */
export interface DescribedProvider {
  readonly id: string
  readonly config: ProviderConfig
  readonly source: 'config' | 'console'
  readonly isHidden: boolean
  readonly enabled: boolean
  readonly version: string | null
  readonly updatedAt: Date | null
  readonly hasSecret: boolean
}

/** Every method throws HubError. */
export interface ProviderSettingsService extends ProviderSettings {
  start(): Promise<void>
  stop(): void
  describe(): Promise<readonly DescribedProvider[]>
  /** @throws `forbidden` for one of the configuration, `conflict` where it is another one by now, `invalid_params` where its secret is wanted */
  put(id: string, request: PutProviderRequest): Promise<ProviderChange>
  /** What was removed; null: nobody could read it. @throws `not_found`, `conflict` */
  remove(id: string, version: string): Promise<DescribedProvider | null>
  /** What is kept for that very address; null: nothing */
  secretFor(id: string, config: ProviderConfig): Promise<Secret | null>
  /** Wraps every secret's key again under the current key of the ring. `failed` = those no key of the ring opens. */
  reseal(): Promise<{ readonly resealed: number; readonly failed: number }>
}

export interface ProviderChange {
  readonly before: DescribedProvider | null
  readonly after: DescribedProvider
  readonly isSecretNew: boolean
}

export interface ProviderSettingsDeps {
  /** of the hub's configuration */
  readonly configured: readonly ProviderSetting[]
  readonly store: ProviderStore
  readonly transactor: Transactor
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly ring: SealRing
  readonly onFault?: (step: string, error: unknown) => void
  readonly retryMs?: number
}

const MOST_PROVIDERS = 32
const RETRY_MS = 5_000

const placeOf = (id: string): SealPlace => ({ owner: 'hub', name: `login-provider/${id}` })

export function createProviderSettings(deps: ProviderSettingsDeps): ProviderSettingsService {
  return new Settings(deps)
}

interface Loaded {
  readonly version: string
  /** null: it is switched off, or cannot be used */
  readonly setting: ProviderSetting | null
}

class Settings implements ProviderSettingsService {
  readonly #deps: ProviderSettingsDeps
  readonly #listeners = new Set<() => void>()
  #loaded = new Map<string, Loaded>()
  #list: readonly ProviderSetting[]
  #reading: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  #unsubscribe: () => void = () => undefined
  #isStopped = false

  constructor(deps: ProviderSettingsDeps) {
    this.#deps = deps
    this.#list = deps.configured
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.changes.subscribe('providers', () => void this.#reload())
    this.#take(await this.#deps.store.list(null))
  }

  stop(): void {
    this.#isStopped = true
    this.#unsubscribe()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  list(): readonly ProviderSetting[] {
    return this.#list
  }

  find(id: string): ProviderSetting | null {
    return this.#list.find((setting) => setting.id === id) ?? null
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async describe(): Promise<readonly DescribedProvider[]> {
    const stored = await this.#deps.store.list(null)
    return [...this.#deps.configured.map(describeConfigured), ...stored.flatMap((row) => this.#describe(row) ?? [])]
  }

  async put(id: string, request: PutProviderRequest): Promise<ProviderChange> {
    const { store, transactor } = this.#deps
    if (this.#isConfigured(id)) throw readOnly(id)
    const change = await transactor.transaction(async (unit) => {
      const rows = await store.list(unit)
      const before = rows.find((row) => row.id === id) ?? null
      if ((before?.version ?? null) !== request.version) throw changedMeanwhile(id)
      if (before === null && rows.length >= MOST_PROVIDERS)
        throw new HubError('limit_exceeded', `There are ${MOST_PROVIDERS} providers; remove one that is not needed`)
      const sealed = this.#chooseSecret(id, request, before)
      const { config, enabled } = request
      const row = { id, config, sealed, enabled, version: randomUUID(), updatedAt: new Date() }
      await store.put(unit, row)
      unit.announce('providers', id)
      return {
        before: before && this.#describe(before),
        after: this.#describe(row)!,
        isSecretNew: sealed !== (before?.sealed ?? null),
      }
    })
    // here it counts before it is answered; elsewhere as soon as they hear
    await this.#reload()
    return change
  }

  async remove(id: string, version: string): Promise<DescribedProvider | null> {
    const { store, transactor } = this.#deps
    const removed = await transactor.transaction(async (unit) => {
      const row = (await store.list(unit)).find((one) => one.id === id)
      if (row === undefined) throw this.#isConfigured(id) ? readOnly(id) : notFound(id)
      if (row.version !== version) throw changedMeanwhile(id)
      await store.remove(unit, id)
      unit.announce('providers', id)
      return row
    })
    await this.#reload()
    return this.#describe(removed)
  }

  async secretFor(id: string, config: ProviderConfig): Promise<Secret | null> {
    const configured = this.#deps.configured.find((one) => one.id === id)
    if (configured !== undefined) return addressOf(configured) === addressOf(config) ? configured.secret : null
    const row = (await this.#deps.store.list(null)).find((one) => one.id === id) ?? null
    return row !== null && isSameAddress(row, config) ? this.#open(row) : null
  }

  async reseal(): Promise<{ resealed: number; failed: number }> {
    const { store, ring } = this.#deps
    let resealed = 0
    let failed = 0
    for (const row of await store.list(null)) {
      if (row.sealed === null || row.sealed.keyId === ring.current.id) continue
      const sealed = tryReseal(ring, row.id, row.sealed)
      if (sealed === null) failed += 1
      else resealed += Number(await store.replaceSealed(row, sealed))
    }
    return { resealed, failed }
  }

  #isConfigured(id: string): boolean {
    return this.#deps.configured.some((one) => one.id === id)
  }

  /** @throws HubError `invalid_params` */
  #chooseSecret(id: string, request: PutProviderRequest, before: StoredProvider | null): SealedValue | null {
    const { config, clientSecret } = request
    if (typeof clientSecret === 'string') return sealValue(this.#deps.ring, placeOf(id), clientSecret)
    const kept = clientSecret === undefined ? (before?.sealed ?? null) : null
    if (kept === null && config.kind === 'github') throw wantsSecret('secretNeeded', 'Copy it from the OAuth app')
    if (kept !== null && !isSameAddress(before, config))
      throw wantsSecret('secretAgain', 'Address or client are others now: give the secret that belongs to them')
    return kept
  }

  #describe(row: StoredProvider): DescribedProvider | null {
    const { id, enabled, version, updatedAt, sealed } = row
    const config = readConfig(row)
    if (config === null) return null
    const isHidden = this.#isConfigured(id)
    return { id, config, source: 'console', isHidden, enabled, version, updatedAt, hasSecret: sealed !== null }
  }

  /** One after the other: what was read earlier must not come to stand later. */
  #reload(): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      try {
        this.#take(await this.#deps.store.list(null))
      } catch (error) {
        this.#again('read the providers people log in through', error)
      }
    })
    return this.#reading
  }

  #again(step: string, error: unknown): void {
    this.#deps.onFault?.(step, error)
    if (this.#isStopped || this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#reload()
    }, this.#deps.retryMs ?? RETRY_MS).unref()
  }

  #take(rows: readonly StoredProvider[]): void {
    const before = this.#list
    const open = (row: StoredProvider): Loaded => {
      const known = this.#loaded.get(row.id)
      return known?.version === row.version ? known : { version: row.version, setting: this.#toSetting(row) }
    }
    this.#loaded = new Map(rows.map((row) => [row.id, open(row)]))
    const own = [...this.#loaded].flatMap(([id, { setting }]) =>
      setting === null || this.#isConfigured(id) ? [] : [setting],
    )
    this.#list = [...this.#deps.configured, ...own]
    const isSame = before.length === this.#list.length && before.every((setting, at) => setting === this.#list[at])
    if (!isSame) for (const listener of this.#listeners) listener()
  }

  #toSetting(row: StoredProvider): ProviderSetting | null {
    if (!row.enabled) return null
    const config = readConfig(row)
    const secret = row.sealed === null ? null : this.#open(row)
    if (config === null || (row.sealed !== null && secret === null)) {
      this.#deps.onFault?.(`use the provider "${row.id}"`, new Error(config === null ? 'unreadable' : 'does not open'))
      return null
    }
    return { ...config, id: row.id, secret, source: 'console' }
  }

  #open({ id, sealed }: StoredProvider): Secret | null {
    if (sealed === null) return null
    try {
      return new Secret(openValue(this.#deps.ring, placeOf(id), sealed))
    } catch {
      return null
    }
  }
}

/** null: another version of the hub wrote it */
function readConfig({ config }: StoredProvider): ProviderConfig | null {
  const parsed = providerConfig.safeParse(config)
  return parsed.success ? parsed.data : null
}

function isSameAddress(row: StoredProvider | null, config: ProviderConfig): boolean {
  const known = row === null ? null : readConfig(row)
  return known !== null && addressOf(known) === addressOf(config)
}

function describeConfigured({ id, secret, source, ...config }: ProviderSetting): DescribedProvider {
  const hasSecret = secret !== null
  return { id, config, source, isHidden: false, enabled: true, version: null, updatedAt: null, hasSecret }
}

function tryReseal(ring: SealRing, id: string, sealed: SealedValue): SealedValue | null {
  try {
    return resealValue(ring, placeOf(id), sealed)
  } catch {
    return null
  }
}

const notFound = (id: string): HubError => new HubError('not_found', `There is no provider "${id}"`)
const readOnly = (id: string): HubError =>
  new HubError(
    'forbidden',
    `"${id}" comes from the hub's configuration and is changed there`,
    because('providerFromConfig'),
  )
const changedMeanwhile = (id: string): HubError =>
  new HubError('conflict', `Somebody else changed "${id}" meanwhile; look at it again`, because('providerChanged'))
const wantsSecret = (code: 'secretNeeded' | 'secretAgain', message: string): HubError =>
  new HubError('invalid_params', 'The provider cannot be saved', {
    faults: [{ field: 'clientSecret', message, code }],
  })
