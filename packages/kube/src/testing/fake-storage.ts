// The memory of the fake API server: objects with UIDs and versions, the history that watches resume from, finalizers and the collection of
// what has lost its owners. It follows the real server where operators can tell the difference; api-suite.ts runs against both.
import { randomUUID } from 'node:crypto'
import type { KubeCause } from '../kube-error.ts'
import { isSame, textOf, type JsonMap } from './json.ts'
import { claimChanges, type Owners } from './field-owners.ts'

export interface FakeMeta extends JsonMap {
  name: string
  uid: string
  resourceVersion: string
}
export interface FakeObject extends JsonMap {
  metadata: FakeMeta
}

export interface HistoryEvent {
  readonly version: number
  readonly collection: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: FakeObject
  /** null for an object that is new */
  readonly before: FakeObject | null
}

/** What the HTTP side turns into a Status. */
export class FakeFailure extends Error {
  readonly code: number
  readonly reason: string
  readonly causes: readonly KubeCause[]
  constructor(code: number, reason: string, message: string, causes: readonly KubeCause[] = []) {
    super(message)
    this.code = code
    this.reason = reason
    this.causes = causes
  }
}

interface Held {
  readonly collection: string
  object: FakeObject
  readonly owners: Owners
}

export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

export class FakeStorage {
  /** `collection/namespace/name` */
  readonly #held = new Map<string, Held>()
  #history: HistoryEvent[] = []
  /** versions up to this one are no longer held */
  #compacted = 0
  #version = 1000
  /** UIDs of what was removed */
  readonly #removed = new Set<string>()
  readonly #listeners = new Set<(event: HistoryEvent) => void>()

  get version(): number {
    return this.#version
  }

  list(collection: string, namespace: string | null): FakeObject[] {
    const prefix = namespace === null ? `${collection}/` : `${collection}/${namespace}/`
    const keys = [...this.#held.keys()].filter((key) => key.startsWith(prefix)).sort()
    return keys.map((key) => this.#held.get(key)!.object)
  }

  get(collection: string, namespace: string | null, name: string): FakeObject {
    return this.#find(collection, namespace, name).object
  }

  ownersOf(collection: string, namespace: string | null, name: string): Owners {
    return this.#find(collection, namespace, name).owners
  }

  create(collection: string, given: JsonMap, manager: string): FakeObject {
    const metadata = { ...(given['metadata'] as JsonMap) }
    if (typeof metadata['name'] !== 'string' && typeof metadata['generateName'] === 'string')
      metadata['name'] = `${metadata['generateName']}${randomUUID().slice(0, 5)}`
    if (typeof metadata['name'] !== 'string') throw new FakeFailure(422, 'Invalid', 'metadata.name: Required value')
    const key = keyOf(collection, metadata)
    if (this.#held.has(key)) throw new FakeFailure(409, 'AlreadyExists', `"${metadata['name']}" already exists`)
    const object: FakeObject = {
      ...structuredClone(given),
      metadata: {
        ...metadata,
        name: metadata['name'],
        uid: randomUUID(),
        resourceVersion: '',
        generation: 1,
        creationTimestamp: new Date().toISOString(),
      },
    }
    const held: Held = { collection, object, owners: new Map() }
    claimChanges({}, object, held.owners, manager)
    this.#held.set(key, held)
    const made = this.#record(held, 'ADDED', object)
    // born to an owner that is gone: who made it had not heard
    if (ownersIn(object).some((owner) => this.#removed.has(textOf(owner['uid']))))
      setImmediate(() => this.#dropOwner(held))
    return made
  }

  /** Nothing is written when nothing changed. A deleted object whose last finalizer went is removed. */
  update(collection: string, before: FakeObject, after: JsonMap, manager: string | null): FakeObject {
    const { namespace, name } = before.metadata
    const held = this.#find(collection, (namespace as string | undefined) ?? null, name)
    const metadata = { ...(after['metadata'] as JsonMap) }
    // these are the server's
    for (const field of ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'name'])
      if (before.metadata[field] === undefined) delete metadata[field]
      else metadata[field] = before.metadata[field]
    const object = { ...after, metadata } as FakeObject
    if (manager !== null) claimChanges(before, object, held.owners, manager)
    if (isSame(object, before)) return before
    if (!isSame(specOf(object), specOf(before))) metadata['generation'] = Number(before.metadata['generation'] ?? 0) + 1
    if (metadata['deletionTimestamp'] !== undefined && finalizersOf(object).length === 0)
      return this.#remove(held, object)
    return this.#record(held, 'MODIFIED', object)
  }

  delete(collection: string, object: FakeObject, conditions: Preconditions, orphan: boolean): FakeObject {
    const { namespace, name, uid, resourceVersion } = object.metadata
    const held = this.#find(collection, (namespace as string | undefined) ?? null, name)
    const { uid: wantedUid = uid, resourceVersion: wantedVersion = resourceVersion } = conditions
    if (wantedUid !== uid || wantedVersion !== resourceVersion)
      throw new FakeFailure(409, 'Conflict', `Precondition failed for "${name}"`)
    if (orphan) this.#releaseChildren(uid)
    if (finalizersOf(object).length === 0) return this.#remove(held, object)
    if (object.metadata['deletionTimestamp'] !== undefined) return object
    const metadata = { ...object.metadata, deletionTimestamp: new Date().toISOString() }
    return this.#record(held, 'MODIFIED', { ...object, metadata })
  }

  /** What this would do, with nothing of it done: a dry run. */
  rehearse<T>(work: () => T): T {
    const held = new Map(this.#held)
    const before = [...held].map(([key, one]) => [key, { ...one, owners: copyOwners(one.owners) }] as const)
    const [history, version, listeners] = [[...this.#history], this.#version, [...this.#listeners]]
    this.#listeners.clear()
    try {
      return work()
    } finally {
      this.#held.clear()
      for (const [key, one] of before) this.#held.set(key, one)
      for (const listener of listeners) this.#listeners.add(listener)
      this.#history = history
      this.#version = version
    }
  }

  /** Events after a version. @throws FakeFailure 410 when they are no longer held */
  since(version: number, listener: (event: HistoryEvent) => void): () => void {
    if (version < this.#compacted) throw new FakeFailure(410, 'Expired', `too old resource version: ${version}`)
    for (const event of this.#history) if (event.version > version) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forgets the history: who resumes from before it must list again. */
  compact(): void {
    this.#history = []
    this.#compacted = ++this.#version
  }

  #find(collection: string, namespace: string | null, name: string): Held {
    const held = this.#held.get(keyOf(collection, namespace === null ? { name } : { namespace, name }))
    if (!held) throw new FakeFailure(404, 'NotFound', `${collection} "${name}" not found`)
    return held
  }

  #record(held: Held, type: HistoryEvent['type'], object: FakeObject): FakeObject {
    const version = ++this.#version
    const before = type === 'ADDED' ? null : held.object
    held.object = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    const event: HistoryEvent = { version, collection: held.collection, type, object: held.object, before }
    this.#history.push(event)
    for (const listener of this.#listeners) listener(event)
    return held.object
  }

  #remove(held: Held, object: FakeObject): FakeObject {
    this.#held.delete(keyOf(held.collection, object.metadata))
    this.#removed.add(object.metadata.uid)
    const last = this.#record(held, 'DELETED', object)
    for (const child of this.#childrenOf(object.metadata.uid)) this.#dropOwner(child)
    return last
  }

  #childrenOf(uid: string): Held[] {
    return [...this.#held.values()].filter(({ object }) => ownersIn(object).some((owner) => owner['uid'] === uid))
  }

  /** Goes when no owner is left. */
  #dropOwner(child: Held): void {
    const uids = new Set([...this.#held.values()].map(({ object }) => object.metadata.uid))
    if (ownersIn(child.object).some((owner) => uids.has(textOf(owner['uid'])))) return
    if (this.#held.get(keyOf(child.collection, child.object.metadata)) === child)
      this.delete(child.collection, child.object, {}, false)
  }

  #releaseChildren(uid: string): void {
    for (const child of this.#childrenOf(uid)) {
      const ownerReferences = ownersIn(child.object).filter((owner) => owner['uid'] !== uid)
      this.#record(child, 'MODIFIED', { ...child.object, metadata: { ...child.object.metadata, ownerReferences } })
    }
  }
}

const copyOwners = (owners: Owners): Owners => new Map([...owners].map(([manager, paths]) => [manager, new Set(paths)]))

function keyOf(collection: string, metadata: JsonMap): string {
  return `${collection}/${textOf(metadata['namespace'])}/${textOf(metadata['name'])}`
}

function finalizersOf({ metadata }: FakeObject): readonly unknown[] {
  return Array.isArray(metadata['finalizers']) ? metadata['finalizers'] : []
}

function ownersIn({ metadata }: FakeObject): JsonMap[] {
  return Array.isArray(metadata['ownerReferences']) ? (metadata['ownerReferences'] as JsonMap[]) : []
}

/** What a generation counts: all but metadata and status. */
function specOf(object: FakeObject): JsonMap {
  const { metadata: _metadata, status: _status, ...rest } = object
  return rest
}
