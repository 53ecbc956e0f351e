// X.509 certificates of the gateways' own CA: ECDSA P-256, version 3, what RFC 5280 asks of them and no more. See docs/adr/0016.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP, SocketAddress } from 'node:net'
import { BIT_STRING, boolean, context, integer, OCTET_STRING, oid, primitive } from './der.ts'
import { SEQUENCE, SET, time, tlv, UTF8_STRING } from './der.ts'

/** PEM both. */
export interface KeyPair {
  readonly key: string
  readonly certificate: string
}

export interface IssueRequest {
  readonly commonName: string
  /** DNS names and IP addresses it is valid for */
  readonly names: readonly string[]
  readonly days: number
}

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
/** clocks of pods and gateways may differ by as much */
const BACKDATED_MS = DAY_MS
const ECDSA_WITH_SHA256 = tlv(SEQUENCE, oid('1.2.840.10045.4.3.2'))
const OIDS = {
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const
/** bit strings of one byte: the number of unused bits, then the bits */
const USAGE = { certSign: Buffer.of(2, 0x04), digitalSignature: Buffer.of(7, 0x80) } as const

interface Draft {
  readonly subject: string
  readonly issuer: string
  readonly days: number
  readonly extensions: readonly Buffer[]
}

/** A CA of its own, whose certificate signs nothing but leaves. */
export function makeAuthority(now: number): KeyPair {
  const pair = newKeys()
  const name = `mcphub gateways ${randomBytes(4).toString('hex')}`
  const extensions = [
    extension(OIDS.basicConstraints, true, tlv(SEQUENCE, boolean(true), integer(Buffer.of(0)))),
    extension(OIDS.keyUsage, true, tlv(BIT_STRING, USAGE.certSign)),
  ]
  const draft: Draft = { subject: name, issuer: name, days: AUTHORITY_DAYS, extensions }
  return { key: pair.key, certificate: signDraft(draft, pair.publicDer, { key: pair.key, now }) }
}

/** For a server and a client at once: a gateway is both. */
export function issueCertificate(authority: KeyPair, request: IssueRequest, now: number): KeyPair {
  const pair = newKeys()
  const extensions = [
    extension(OIDS.basicConstraints, true, tlv(SEQUENCE)),
    extension(OIDS.keyUsage, true, tlv(BIT_STRING, USAGE.digitalSignature)),
    extension(OIDS.extKeyUsage, false, tlv(SEQUENCE, oid(OIDS.serverAuth), oid(OIDS.clientAuth))),
    extension(OIDS.subjectAltName, false, tlv(SEQUENCE, ...request.names.map(generalName))),
  ]
  const issuer = new X509Certificate(authority.certificate).subject.replace(/^CN=/, '')
  const draft: Draft = { subject: request.commonName, issuer, days: request.days, extensions }
  return { key: pair.key, certificate: signDraft(draft, pair.publicDer, { key: authority.key, now }) }
}

function newKeys(): { readonly key: string; readonly publicDer: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicDer: publicKey.export({ type: 'spki', format: 'der' }),
  }
}

function signDraft(draft: Draft, publicDer: Buffer, { key, now }: { key: string; now: number }): string {
  const body = tlv(
    SEQUENCE,
    tlv(context(0), integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    nameOf(draft.issuer),
    tlv(SEQUENCE, time(new Date(now - BACKDATED_MS)), time(new Date(now + draft.days * DAY_MS))),
    nameOf(draft.subject),
    publicDer,
    tlv(context(3), tlv(SEQUENCE, ...draft.extensions)),
  )
  const signature = sign('sha256', body, createPrivateKey(key))
  const der = tlv(SEQUENCE, body, ECDSA_WITH_SHA256, tlv(BIT_STRING, Buffer.of(0), signature))
  return new X509Certificate(der).toString()
}

const nameOf = (commonName: string): Buffer =>
  tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, oid(OIDS.commonName), tlv(UTF8_STRING, Buffer.from(commonName)))))

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return tlv(SEQUENCE, oid(id), ...(critical ? [boolean(true)] : []), tlv(OCTET_STRING, value))
}

function generalName(name: string): Buffer {
  if (isIP(name) === 0) return tlv(primitive(2), Buffer.from(name, 'ascii'))
  return tlv(primitive(7), addressBytes(name))
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [head = '', tail] = new SocketAddress({ family: 'ipv6', address }).address.split('::')
  const [front, back] = [groups(head), groups(tail ?? '')]
  const middle = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0')
  return Buffer.from([...front, ...middle, ...back].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** The public half of a private key, PEM. */
export const publicPem = (privatePem: string): string =>
  createPublicKey(privatePem).export({ type: 'spki', format: 'pem' })
