// The key ring belongs to the database: checked at every start before anything is sealed, and the rotation of the ring, online.
import { HubError } from '@mcphub/api'
import type { KeyRing, RotateOptions } from '../../secrets/keyring.ts'
import { openValue, sealValue, type SealedValue, type SealRing } from '../../secrets/seal.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import type { VariablesStore } from './variables-store.ts'

const NAME = 'keyCheck'
const PLACE = { owner: 'hub', name: NAME }

interface StoredCheck {
  readonly keyId: string
  readonly bytes: string
}

const toStored = ({ keyId, bytes }: SealedValue): StoredCheck => ({ keyId, bytes: bytes.toString('base64') })
const makeCheck = (ring: SealRing): StoredCheck => toStored(sealValue(ring, PLACE, 'mcphub'))

const wrongRing = (why: string): HubError =>
  new HubError(
    'internal',
    `The key ring does not belong to this database: ${why}. Put the right key ring back (from a backup); the hub does not start with this one, so that nothing is overwritten.`,
  )

function opens(ring: SealRing, { keyId, bytes }: StoredCheck): boolean {
  try {
    return openValue(ring, PLACE, { keyId, bytes: Buffer.from(bytes, 'base64') }) === 'mcphub'
  } catch {
    return false
  }
}

export interface RingCheckDeps {
  readonly ring: SealRing
  readonly settings: SettingsStore
  readonly store: Pick<VariablesStore, 'keyIds'>
  /** what else keeps values that are sealed with it */
  readonly others?: readonly Pick<VariablesStore, 'keyIds'>[]
}

/** At start. @throws HubError `internal` with what to do, when values were sealed with keys this ring does not have */
export async function checkKeyRing({ ring, settings, store, others = [] }: RingCheckDeps): Promise<void> {
  const used = await Promise.all([store, ...others].map((one) => one.keyIds()))
  const lost = [...new Set(used.flat())].filter((keyId) => ring.find(keyId) === null)
  if (lost.length > 0) throw wrongRing(`it lacks ${lost.join(', ')}, with which values are sealed`)
  const check = (await settings.putIfAbsent(NAME, makeCheck(ring))) as StoredCheck
  if (!opens(ring, check)) throw wrongRing(`it lacks or changed ${check.keyId}, with which the check value is sealed`)
}

export interface RotateDeps {
  readonly ring: KeyRing
  readonly settings: SettingsStore
  readonly variables: Resealable
  /** what else keeps values that are sealed with it */
  readonly others?: readonly Resealable[]
}

interface Resealable {
  reseal(): Promise<{ readonly resealed: number; readonly failed: number }>
}

/** A new current key, then every value's wrapping. After a crash midway, the next rotation (or `reseal`) takes up the rest. */
export async function rotateKeyRing(
  deps: RotateDeps,
  options: RotateOptions = {},
): Promise<{ readonly keyId: string; readonly resealed: number }> {
  const { id } = await deps.ring.rotate(options)
  await deps.settings.put(null, NAME, makeCheck(deps.ring))
  return resealAll(deps, id)
}

/**
 * For a ring that is a mounted Secret: a new key was put first there by hand; now every value's wrapping. The old key may go from the Secret when
 * this has succeeded. @throws HubError `conflict` where the ring has no new first key
 */
export async function adoptKeyRing(deps: RotateDeps): Promise<{ readonly keyId: string; readonly resealed: number }> {
  deps.ring.refresh()
  const { id } = deps.ring.current
  const check = (await deps.settings.get(null, NAME)) as StoredCheck | null
  if (check?.keyId === id) {
    const text = `The key ring is a mounted Secret and its first key, ${id}, is in use already. Put a new key first in the Secret, wait until the gateways see it (about a minute), and ask again`
    throw new HubError('conflict', text)
  }
  const outcome = await resealAll(deps, id)
  // last: what broke off before this can be asked for again
  await deps.settings.put(null, NAME, makeCheck(deps.ring))
  return outcome
}

async function resealAll(deps: RotateDeps, id: string): Promise<{ readonly keyId: string; readonly resealed: number }> {
  let resealed = 0
  let failed = 0
  for (const one of [deps.variables, ...(deps.others ?? [])]) {
    const outcome = await one.reseal()
    resealed += outcome.resealed
    failed += outcome.failed
  }
  if (failed > 0) {
    const text = `The ring is rotated and ${resealed} values are sealed anew, but ${failed} open with none of its keys and must be set again`
    throw new HubError('internal', text)
  }
  return { keyId: id, resealed }
}
