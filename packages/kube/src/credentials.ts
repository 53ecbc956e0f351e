// Who this program is to the API server, and whom it trusts: read again when the files behind it change, since a service account's token
// is replaced about every hour and a cluster's CA now and then.
import { readFile, stat } from 'node:fs/promises'

export interface TlsMaterial {
  /** PEM; null: the system's roots */
  readonly ca: string | null
  /** PEM of a client certificate and its key */
  readonly cert: string | null
  readonly key: string | null
  /** false only where a kubeconfig says so */
  readonly verify: boolean
  readonly serverName: string | null
}

export interface Identity {
  readonly token: string | null
  readonly tls: TlsMaterial
}

export interface Credentials {
  /** `https://10.0.0.1:443`, with a path below which the API lies if there is one */
  readonly server: string
  /** where this program lives, or the namespace its kubeconfig names */
  readonly namespace: string
  /** What holds now. Cheap: files are looked at again after some seconds at most, or at once with `fresh`. The same `tls` object comes back until it changed. */
  read(options?: { readonly fresh?: boolean }): Promise<Identity>
}

export const PLAIN_TLS: TlsMaterial = { ca: null, cert: null, key: null, verify: true, serverName: null }

/** For tests and for callers that have everything in hand. */
export function fixedCredentials(server: string, identity: Partial<Identity> = {}, namespace = 'default'): Credentials {
  const held: Identity = { token: null, tls: PLAIN_TLS, ...identity }
  return { server, namespace, read: () => Promise.resolve(held) }
}

const CHECK_EVERY_MS = 10_000

/** A file's text, read again when its inode, size or time changed. Mounted Secrets and tokens are swapped by a link, so the path is followed each time. */
export class WatchedFile {
  readonly #path: string
  readonly #everyMs: number
  #text: string | null = null
  #mark = ''
  #checked = 0

  constructor(path: string, everyMs = CHECK_EVERY_MS) {
    this.#path = path
    this.#everyMs = everyMs
  }

  /** @throws when the file was never readable; later faults keep the last text */
  async read(fresh = false): Promise<string> {
    const now = performance.now()
    if (this.#text !== null && !fresh && now - this.#checked < this.#everyMs) return this.#text
    this.#checked = now
    try {
      const { ino, size, mtimeMs } = await stat(this.#path)
      const mark = `${ino} ${size} ${mtimeMs}`
      if (this.#text !== null && mark === this.#mark) return this.#text
      this.#text = await readFile(this.#path, 'utf8')
      this.#mark = mark
    } catch (cause) {
      if (this.#text === null) throw new Error(`${this.#path} cannot be read`, { cause })
    }
    return this.#text
  }
}
