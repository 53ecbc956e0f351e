// The write verbs of the fake API server: create, the three patches, delete, and the split between an object and its status.
import { applyFields, type FieldConflict } from './field-owners.ts'
import type { FakeCall } from './fake-request.ts'
import { FakeFailure, type FakeObject, type FakeStorage, type Preconditions } from './fake-storage.ts'
import { isMap, jsonPatch, mergePatch, type Json, type JsonMap, type Operation } from './json.ts'

/** Their status is a field like others; all other kinds write it by its subresource alone. */
const WITHOUT_STATUS = new Set([
  'configmaps',
  'secrets',
  'leases.coordination.k8s.io',
  'events.k8s.io',
  'events.events.k8s.io',
  'networkpolicies.networking.k8s.io',
])

export interface Written {
  readonly code: number
  readonly object: JsonMap
}

export function write(storage: FakeStorage, call: FakeCall, body: Json): Written {
  if (call.query.get('dryRun') === 'All') return storage.rehearse(() => writeIndeed(storage, call, body))
  return writeIndeed(storage, call, body)
}

function writeIndeed(storage: FakeStorage, call: FakeCall, body: Json): Written {
  if (call.method === 'POST') return create(storage, call, body)
  if (call.method === 'DELETE') return remove(storage, call, body)
  if (call.method === 'PUT') return { code: 200, object: update(storage, call, mapOf(body), managerOf(call)) }
  if (call.method === 'PATCH') return patch(storage, call, body)
  throw new FakeFailure(405, 'MethodNotAllowed', call.method)
}

function create(storage: FakeStorage, call: FakeCall, body: Json): Written {
  const object = { ...mapOf(body) }
  const metadata = { ...mapOf(object['metadata'] ?? {}) }
  if (call.namespace !== null) metadata['namespace'] ??= call.namespace
  if ((metadata['namespace'] ?? null) !== call.namespace)
    throw new FakeFailure(400, 'BadRequest', 'the namespace of the object does not match the request')
  if (hasStatus(call)) delete object['status']
  return { code: 201, object: storage.create(call.collection, { ...object, metadata }, managerOf(call)) }
}

function remove(storage: FakeStorage, call: FakeCall, body: Json): Written {
  const options = isMap(body) ? body : {}
  const conditions = isMap(options['preconditions']) ? (options['preconditions'] as Preconditions) : {}
  const orphan = (options['propagationPolicy'] ?? call.query.get('propagationPolicy')) === 'Orphan'
  return { code: 200, object: storage.delete(call.collection, liveOf(storage, call), conditions, orphan) }
}

function patch(storage: FakeStorage, call: FakeCall, body: Json): Written {
  if (call.contentType.startsWith('application/apply-patch')) return apply(storage, call, mapOf(body))
  const live = liveOf(storage, call)
  if (call.contentType.startsWith('application/merge-patch')) {
    const wanted = mapOf(mergePatch(live, body))
    requireSameUid(live, wanted)
    return { code: 200, object: update(storage, call, wanted, managerOf(call)) }
  }
  if (!call.contentType.startsWith('application/json-patch'))
    throw new FakeFailure(415, 'UnsupportedMediaType', call.contentType)
  try {
    return {
      code: 200,
      object: update(storage, call, jsonPatch(live, body as unknown as Operation[]), managerOf(call)),
    }
  } catch (error) {
    if (error instanceof TypeError) throw new FakeFailure(422, 'Invalid', error.message)
    throw error
  }
}

/** In the words of the real server, which takes it for a change of the field. */
function requireSameUid(live: FakeObject, wanted: JsonMap): void {
  const { uid } = mapOf(wanted['metadata'] ?? {})
  if (uid === live.metadata.uid) return
  const message = `Invalid value: ${JSON.stringify(uid)}: field is immutable`
  throw new FakeFailure(422, 'Invalid', `metadata.uid: ${message}`, [
    { reason: 'FieldValueInvalid', message, field: 'metadata.uid' },
  ])
}

function apply(storage: FakeStorage, call: FakeCall, wanted: JsonMap): Written {
  const manager = call.query.get('fieldManager')
  if (!manager) throw new FakeFailure(400, 'BadRequest', 'fieldManager is required for apply patch')
  const live = findLive(storage, call)
  if (live === null) {
    const metadata = { ...mapOf(wanted['metadata'] ?? {}), name: call.name }
    if (isMap(wanted['metadata']) && wanted['metadata']['uid'] !== undefined)
      throw new FakeFailure(409, 'Conflict', 'uid mismatch: the object does not exist')
    return create(storage, call, { ...wanted, metadata })
  }
  const owners = storage.ownersOf(call.collection, call.namespace, call.name!)
  const force = call.query.get('force') === 'true'
  const { object, conflicts } = applyFields(live, wanted, owners, { manager, force })
  if (conflicts.length > 0) throw conflictFailure(conflicts)
  return { code: 200, object: update(storage, call, withMeta(object, wanted), null) }
}

/** In the words of the real server, which name the manager in the message alone. */
function conflictFailure(conflicts: readonly FieldConflict[]): FakeFailure {
  const causes = conflicts.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${JSON.stringify(manager)}`,
    field,
  }))
  const listed = causes.map(({ message, field }) => `${message}: ${field}`).join(', ')
  return new FakeFailure(409, 'Conflict', `Apply failed with ${causes.length} conflicts: ${listed}`, causes)
}

/** An apply may carry preconditions as any write. */
function withMeta(object: JsonMap, wanted: JsonMap): JsonMap {
  const { uid, resourceVersion } = mapOf(wanted['metadata'] ?? {})
  const metadata = {
    ...mapOf(object['metadata'] ?? {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
  return { ...object, metadata }
}

function update(storage: FakeStorage, call: FakeCall, wanted: JsonMap, manager: string | null): JsonMap {
  const live = liveOf(storage, call)
  const { uid, resourceVersion } = mapOf(wanted['metadata'] ?? {})
  if (typeof uid === 'string' && uid !== live.metadata.uid)
    throw new FakeFailure(409, 'Conflict', 'Precondition failed: UID in precondition differs')
  if (
    typeof resourceVersion === 'string' &&
    resourceVersion !== '' &&
    resourceVersion !== live.metadata.resourceVersion
  )
    throw new FakeFailure(
      409,
      'Conflict',
      'the object has been modified; please apply your changes to the latest version',
    )
  return storage.update(call.collection, live, split(call, live, wanted), manager)
}

function split(call: FakeCall, live: FakeObject, wanted: JsonMap): JsonMap {
  if (!hasStatus(call)) return wanted
  if (call.subresource === 'status') return withStatus({ ...live }, wanted['status'])
  return withStatus({ ...wanted }, live['status'])
}

function withStatus(object: JsonMap, status: Json | undefined): JsonMap {
  delete object['status']
  return status === undefined ? object : { ...object, status }
}

const hasStatus = ({ collection }: FakeCall): boolean => !WITHOUT_STATUS.has(collection)

function liveOf(storage: FakeStorage, { collection, namespace, name }: FakeCall): FakeObject {
  return storage.get(collection, namespace, name ?? '')
}

function findLive(storage: FakeStorage, call: FakeCall): FakeObject | null {
  try {
    return liveOf(storage, call)
  } catch {
    return null
  }
}

function managerOf({ query, userAgent }: FakeCall): string {
  return query.get('fieldManager') ?? userAgent.split('/')[0] ?? 'unknown'
}

function mapOf(value: Json): JsonMap {
  if (!isMap(value)) throw new FakeFailure(400, 'BadRequest', 'the body is no object')
  return value
}
