// What the gateways have in common and how it is sealed: their CA and the signing keys that shims believe (sandbox/PROTOCOL.md §1). Pure.
import { generateKeyPairSync } from 'node:crypto'
import { HubError } from '@mcphub/api'
import { openValue, sealValue, type SealedValue, type SealRing } from '../secrets/seal.ts'
import { type KeyPair, makeAuthority } from './certificates.ts'

export interface TrustMaterial {
  readonly authority: KeyPair
  readonly signing: {
    /** private keys, Ed25519, PEM */
    readonly current: string
    /** pods know its public half long before it signs */
    readonly next: string
    /** ms since the epoch */
    readonly since: number
  }
}

const PLACE = { owner: 'hub', name: 'trust' }

export const makeMaterial = (now: number): TrustMaterial => ({
  authority: makeAuthority(now),
  signing: { current: newSigningKey(), next: newSigningKey(), since: now },
})

/** The next key signs from now on, and one more is made known. */
export const rotateSigning = ({ authority, signing }: TrustMaterial, now: number): TrustMaterial => ({
  authority,
  signing: { current: signing.next, next: newSigningKey(), since: now },
})

const newSigningKey = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })

export const sealMaterial = (ring: SealRing, material: TrustMaterial): SealedValue =>
  sealValue(ring, PLACE, JSON.stringify(material))

/** @throws HubError `internal` with what to do, when the ring lacks the key it was sealed with */
export function openMaterial(ring: SealRing, sealed: SealedValue): TrustMaterial {
  try {
    return JSON.parse(openValue(ring, PLACE, sealed)) as TrustMaterial
  } catch (cause) {
    const text = `The gateways' CA and keys are sealed with ${sealed.keyId}, which the key ring lacks or changed; put the right key ring back`
    throw new HubError('internal', text, {}, { cause })
  }
}
