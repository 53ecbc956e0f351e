// The bill of materials of an image, CycloneDX 1.6 JSON: what is really in it, from the lock file's own entries. Pure; same input, same text.

/** An entry of package-lock.json, as far as it matters here. */
export interface LockEntry {
  readonly version?: string
  readonly license?: string
  /** subresource integrity: `sha512-<base64>` */
  readonly integrity?: string
}

export interface Component {
  readonly name: string
  readonly version: string
  /** package URL */
  readonly purl: string
  /** SPDX expression */
  readonly license?: string
  readonly integrity?: string
}

export type LockPackages = Readonly<Record<string, LockEntry>>

const FOLDER = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)(?:\/|$)/

/** The lock file's key of the package a file belongs to; null for a file of our own. */
export function packageOf(path: string): string | null {
  return FOLDER.exec(path)?.[1] ?? null
}

const encode = (name: string): string => name.replace('@', '%40')

function toComponent(key: string, { version = '', license, integrity }: LockEntry): Component {
  const name = key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length)
  return {
    name,
    version,
    purl: `pkg:npm/${encode(name)}@${version}`,
    ...(license && { license }),
    ...(integrity && { integrity }),
  }
}

/** The packages these files belong to. @throws Error for a package the lock file does not name */
export function listComponents(paths: Iterable<string>, packages: LockPackages): Component[] {
  const keys = new Set([...paths].flatMap((path) => packageOf(path) ?? []))
  return [...keys].sort().map((key) => {
    const entry = packages[key]
    if (!entry?.version) throw new Error(`the lock file does not name ${key}`)
    return toComponent(key, entry)
  })
}

function presentHash(integrity: string): { readonly alg: string; readonly content: string } {
  const [algorithm = '', base64 = ''] = integrity.split('-')
  return { alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content: Buffer.from(base64, 'base64').toString('hex') }
}

/** @returns JSON text */
export function writeSbom(image: string, version: string, components: readonly Component[]): string {
  const listed = components.toSorted((a, b) => (a.purl < b.purl ? -1 : 1))
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'container', name: image, version } },
    components: listed.map(({ name, version: own, purl, license, integrity }) => ({
      type: 'library',
      'bom-ref': purl,
      name,
      version: own,
      purl,
      ...(license && { licenses: [{ expression: license }] }),
      ...(integrity && { hashes: [presentHash(integrity)] }),
    })),
  }
  return `${JSON.stringify(bom, null, 2)}\n`
}
