// The hub's key ring: a private file with a list of 256-bit keys, the current one first. New values are sealed with the first; all of them
// open. The file is watched, so a key added while running is known to every replica before anything is sealed with it.
import { hkdfSync, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HubError } from '@mcphub/api'
import { z } from 'zod'

export interface RingKey {
  /** names the key in sealed values; says nothing of it */
  readonly id: string
  readonly key: Buffer
}

const KEY_BYTES = 32
const WATCH_MS = 1_000

const fileSchema = z
  .array(
    z.strictObject({
      id: z.string().regex(/^[a-z0-9]{1,32}$/),
      key: z.base64().refine((text) => Buffer.from(text, 'base64').length === KEY_BYTES),
      createdAt: z.string().optional(),
    }),
  )
  .min(1)
  .max(64)

type FileKey = z.infer<typeof fileSchema>[number]

export interface RotateOptions {
  /** how long the other replicas get to read the new key before it seals anything */
  readonly settleMs?: number
}

/** start() watches the file; stop() ends that. Works without start(), then `refresh()` is called by hand. */
export class KeyRing {
  readonly #file: string
  #keys: readonly RingKey[]
  #stamp: string
  #timer: NodeJS.Timeout | null = null
  readonly #derived = new Map<string, readonly Buffer[]>()
  readonly #listeners = new Set<() => void>()

  constructor(file: string) {
    this.#file = file
    this.#stamp = stampOf(file)
    this.#keys = readRing(file)
  }

  get current(): RingKey {
    return this.#keys[0]!
  }

  /** All keys, current first. */
  get keys(): readonly RingKey[] {
    return this.#keys
  }

  /** The key of that id; looks into the file once more before it says no. */
  find(id: string): RingKey | null {
    const found = this.#keys.find((key) => key.id === id)
    if (found) return found
    return this.refresh() ? (this.#keys.find((key) => key.id === id) ?? null) : null
  }

  /**
   * Keys for another purpose (sealed sessions, name hashes), one of each key of the ring, current first: seal with the first, open with any.
   * Purposes are separate: one never opens what another sealed.
   */
  derive(purpose: string): readonly Buffer[] {
    const known = this.#derived.get(purpose)
    if (known) return known
    const derived = this.#keys.map(({ key }) =>
      Buffer.from(hkdfSync('sha256', key, '', `mcphub/${purpose}`, KEY_BYTES)),
    )
    this.#derived.set(purpose, derived)
    return derived
  }

  /** Called after the ring changed. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads the file again if it changed; true when the ring did. A file that cannot be used now leaves the ring as it is. */
  refresh(): boolean {
    try {
      const stamp = stampOf(this.#file)
      if (stamp === this.#stamp) return false
      const keys = readRing(this.#file)
      this.#stamp = stamp
      if (keys.map((key) => key.id).join() === this.#keys.map((key) => key.id).join()) return false
      this.#keys = keys
    } catch {
      return false
    }
    this.#derived.clear()
    for (const listener of this.#listeners) listener()
    return true
  }

  /** A new current key: first written as the last of the list, so that all replicas can open with it before one seals with it. */
  async rotate(options: RotateOptions = {}): Promise<RingKey> {
    const fresh = newKey()
    replaceFile(this.#file, [...readFileKeys(this.#file), fresh])
    this.refresh()
    await wait(options.settleMs ?? 3 * WATCH_MS)
    replaceFile(this.#file, [fresh, ...readFileKeys(this.#file).filter((key) => key.id !== fresh.id)])
    this.refresh()
    return this.current
  }

  /** Drops all keys but the current; only when nothing is sealed with them any more. */
  prune(): void {
    replaceFile(this.#file, readFileKeys(this.#file).slice(0, 1))
    this.refresh()
  }

  start(): void {
    this.#timer ??= setInterval(() => this.refresh(), WATCH_MS)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }
}

/** Opens the ring; makes it, atomically and with one key, when there is none: of two programs that start at once one makes it. */
export function openKeyRing(file: string, options: { readonly create: boolean } = { create: true }): KeyRing {
  if (options.create && !exists(file)) createFile(file)
  return new KeyRing(file)
}

function newKey(): FileKey {
  return {
    id: randomBytes(6).toString('hex'),
    key: randomBytes(KEY_BYTES).toString('base64'),
    createdAt: new Date().toISOString(),
  }
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined
}

/** A replaced file has another inode, one rewritten in place another time or size. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat ? `${stat.ino}:${stat.mtimeMs}:${stat.size}` : 'absent'
}

function unusable(file: string, why: string, cause?: unknown): HubError {
  return new HubError('internal', `The key ring ${file} cannot be used: ${why}`, {}, { cause })
}

function readFileKeys(file: string): FileKey[] {
  let text: string
  try {
    const { mode } = statSync(file)
    // Group read is left to mounted secrets (fsGroup); anything more is a mistake.
    if ((mode & 0o037) !== 0)
      throw unusable(file, `others may read or change it; run: chmod 600 ${file} (a mounted Secret: defaultMode 0440)`)
    text = readFileSync(file, 'utf8')
  } catch (thrown) {
    if (thrown instanceof HubError) throw thrown
    throw unusable(
      file,
      'it cannot be read; restore it from your backup, values sealed with it are lost otherwise',
      thrown,
    )
  }
  // No cause below: what a parser says of this text may quote it.
  const parsed = fileSchema.safeParse(parseJson(text))
  if (!parsed.success) throw unusable(file, 'it is not a list of {id, key} with 32-byte keys in base64')
  if (new Set(parsed.data.map((key) => key.id)).size < parsed.data.length) throw unusable(file, 'two keys have one id')
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function readRing(file: string): readonly RingKey[] {
  return readFileKeys(file).map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64') }))
}

/** The whole content is on disk before the file has its name. */
function writeDraft(file: string, keys: readonly FileKey[]): string {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}`)
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, `${JSON.stringify(keys, null, 2)}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  chmodSync(draft, 0o600)
  return draft
}

function createFile(file: string): void {
  const draft = writeDraft(file, [newKey()])
  try {
    linkSync(draft, file)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(file, 'it cannot be made', thrown)
  } finally {
    unlinkSync(draft)
  }
}

function replaceFile(file: string, keys: readonly FileKey[]): void {
  renameSync(writeDraft(file, keys), file)
}
