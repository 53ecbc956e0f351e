// What this package takes for granted of an API server, as tests. The fake passes them; a real kube-apiserver must too, or the fake lies.
// It needs a namespace it may write ConfigMaps and Pods in (no scheduler has to run), and makes names of its own in it.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KubeClient, type WatchEvent } from '../client.ts'
import type { Credentials } from '../credentials.ts'
import { KubeHttp } from '../http.ts'
import { isReason } from '../kube-error.ts'
import { CONFIG_MAPS, PODS, type KubeObject } from '../objects.ts'

export interface ApiSuiteTarget {
  readonly credentials: Credentials
  close?(): Promise<void>
}

const MANAGER = 'api-suite'

export function describeApiServer(title: string, open: () => Promise<ApiSuiteTarget>): void {
  describe(title, () => {
    let target: ApiSuiteTarget
    let http: KubeHttp
    let client: KubeClient
    let namespace: string
    const run = randomUUID().slice(0, 8)
    let count = 0

    beforeAll(async () => {
      target = await open()
      http = new KubeHttp({ credentials: target.credentials, userAgent: 'api-suite/1' })
      client = new KubeClient(http)
      namespace = target.credentials.namespace
    })
    afterAll(async () => {
      const labelSelector = `suite=${run}`
      for (const resource of [CONFIG_MAPS, PODS]) {
        const { items } = await client.listPage(resource, { namespace, labelSelector })
        for (const { metadata } of items) {
          await client.patch(resource, metadata, { type: 'merge', body: { metadata: { finalizers: null } } })
          await client.delete(resource, metadata, { gracePeriodSeconds: 0 }).catch(() => undefined)
        }
      }
      await http.destroy()
      await target.close?.()
    })

    function configMap(data: Record<string, string> = {}, meta: Record<string, unknown> = {}): KubeObject {
      const name = `suite-${run}-${count++}`
      return { metadata: { namespace, name, labels: { suite: run }, ...meta }, data }
    }

    async function codeOf(call: Promise<unknown>): Promise<string> {
      const error = await call.then(
        () => null,
        (thrown: unknown) => thrown,
      )
      if (isReason(error, 'Aborted', 'Transport')) throw error
      return error === null ? 'fine' : String((error as { reason: string }).reason)
    }

    test('a new object has a UID and a version; its name is taken', async () => {
      const wanted = configMap({ a: '1' })
      const made = await client.create<KubeObject & { data: unknown }>(CONFIG_MAPS, wanted)
      expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
      expect(made.data).toEqual({ a: '1' })
      expect(await codeOf(client.create(CONFIG_MAPS, wanted))).toBe('AlreadyExists')
      expect(await client.get(CONFIG_MAPS, wanted.metadata)).toMatchObject({ metadata: { uid: made.metadata.uid } })
    })

    test('what is not there is NotFound, for every verb', async () => {
      const ref = { namespace, name: `suite-${run}-none` }
      expect(await codeOf(client.get(CONFIG_MAPS, ref))).toBe('NotFound')
      expect(await codeOf(client.delete(CONFIG_MAPS, ref))).toBe('NotFound')
      expect(await codeOf(client.patch(CONFIG_MAPS, ref, { type: 'merge', body: {} }))).toBe('NotFound')
    })

    test('a merge patch sets and removes; one that changes nothing makes no new version', async () => {
      const made = await client.create(CONFIG_MAPS, configMap({ a: '1', b: '2' }))
      const body = { data: { a: null, c: '3' } }
      const patched = await client.patch(CONFIG_MAPS, made.metadata, { type: 'merge', body })
      expect(patched['data']).toEqual({ b: '2', c: '3' })
      const again = await client.patch(CONFIG_MAPS, made.metadata, { type: 'merge', body })
      expect(again.metadata.resourceVersion).toBe(patched.metadata.resourceVersion)
    })

    test('a merge patch with a version that is not the last is a Conflict', async () => {
      const made = await client.create(CONFIG_MAPS, configMap())
      const at = (data: string): Promise<unknown> =>
        client.patch(CONFIG_MAPS, made.metadata, {
          type: 'merge',
          body: { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { data } },
        })
      expect(await codeOf(at('first'))).toBe('fine')
      expect(await codeOf(at('second'))).toBe('Conflict')
    })

    test('a JSON patch works by paths; one whose test does not hold is refused', async () => {
      const made = await client.create(CONFIG_MAPS, configMap({ a: '1' }))
      const patch = (value: string): Promise<KubeObject> =>
        client.patch(CONFIG_MAPS, made.metadata, {
          type: 'json',
          body: [
            { op: 'test', path: '/data/a', value },
            { op: 'replace', path: '/data/a', value: '2' },
          ],
        })
      expect((await patch('1'))['data']).toEqual({ a: '2' })
      expect(await codeOf(patch('1'))).toBe('Invalid')
    })

    test('apply creates, changes nothing the second time, and removes what it leaves out', async () => {
      const wanted = configMap({ a: '1', b: '2' })
      const made = await client.apply(CONFIG_MAPS, wanted, { fieldManager: MANAGER })
      const again = await client.apply(CONFIG_MAPS, wanted, { fieldManager: MANAGER })
      expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion)
      const less = await client.apply(CONFIG_MAPS, { ...wanted, data: { a: '1' } }, { fieldManager: MANAGER })
      expect(less['data']).toEqual({ a: '1' })
    })

    test("another manager's field is a Conflict, unless taken by force; its other fields stay", async () => {
      const mine = configMap({ shared: 'mine' })
      const theirs = { ...mine, data: { shared: 'theirs', own: 'theirs' } }
      await client.apply(CONFIG_MAPS, mine, { fieldManager: MANAGER })
      expect(await codeOf(client.apply(CONFIG_MAPS, theirs, { fieldManager: 'other' }))).toBe('Conflict')
      await client.apply(CONFIG_MAPS, theirs, { fieldManager: 'other', force: true })
      expect(await codeOf(client.apply(CONFIG_MAPS, mine, { fieldManager: MANAGER }))).toBe('Conflict')
      const taken = await client.apply(CONFIG_MAPS, mine, { fieldManager: MANAGER, force: true })
      expect(taken['data']).toEqual({ shared: 'mine', own: 'theirs' })
    })

    test('a lost apply says whose field it is, and a dry run leaves everything as it was', async () => {
      const mine = configMap({ shared: 'mine' })
      const made = await client.apply(CONFIG_MAPS, mine, { fieldManager: MANAGER })
      const theirs = { ...mine, data: { shared: 'theirs' } }
      const lost = await client.apply(CONFIG_MAPS, theirs, { fieldManager: 'other' }).catch((error: unknown) => error)
      expect(lost).toMatchObject({
        causes: [{ reason: 'FieldManagerConflict', message: `conflict with "${MANAGER}"`, field: '.data.shared' }],
      })
      const more = { ...mine, data: { shared: 'mine', more: 'x' } }
      const dry = await client.apply(CONFIG_MAPS, more, { fieldManager: MANAGER, dryRun: true })
      expect(dry['data']).toEqual({ shared: 'mine', more: 'x' })
      const now = await client.get(CONFIG_MAPS, made.metadata)
      expect([now['data'], now.metadata.resourceVersion]).toEqual([{ shared: 'mine' }, made.metadata.resourceVersion])
      const nobody = configMap({ a: '1' })
      await client.apply(CONFIG_MAPS, nobody, { fieldManager: MANAGER, dryRun: true })
      expect(await codeOf(client.get(CONFIG_MAPS, nobody.metadata))).toBe('NotFound')
    })

    test('an equal value is shared, and stays while one of its managers keeps it', async () => {
      const both = configMap({ shared: 'same' })
      await client.apply(CONFIG_MAPS, both, { fieldManager: MANAGER })
      await client.apply(CONFIG_MAPS, both, { fieldManager: 'other' })
      const without = { ...both, data: {} }
      const left = await client.apply(CONFIG_MAPS, without, { fieldManager: MANAGER })
      expect(left['data']).toEqual({ shared: 'same' })
      const gone = await client.apply(CONFIG_MAPS, without, { fieldManager: 'other' })
      expect(gone['data'] ?? {}).toEqual({})
    })

    test('delete takes preconditions on the UID and the version', async () => {
      const made = await client.create(CONFIG_MAPS, configMap())
      const wrong = '00000000-0000-0000-0000-000000000000'
      expect(await codeOf(client.delete(CONFIG_MAPS, made.metadata, { uid: wrong }))).toBe('Conflict')
      expect(await codeOf(client.delete(CONFIG_MAPS, made.metadata, { resourceVersion: '1' }))).toBe('Conflict')
      const { uid, resourceVersion } = made.metadata
      expect(await codeOf(client.delete(CONFIG_MAPS, made.metadata, { uid, resourceVersion }))).toBe('fine')
      expect(await codeOf(client.get(CONFIG_MAPS, made.metadata))).toBe('NotFound')
    })

    test('a patch takes a precondition on the UID: of an object that was made anew it changes nothing', async () => {
      const made = await client.create(CONFIG_MAPS, configMap({ kept: 'yes' }))
      const patchOf = (uid: string) => ({ type: 'merge' as const, body: { metadata: { uid }, data: { kept: 'no' } } })
      const wrong = '00000000-0000-0000-0000-000000000000'
      expect(await codeOf(client.patch(CONFIG_MAPS, made.metadata, patchOf(wrong)))).toBe('Conflict')
      expect(await client.get(CONFIG_MAPS, made.metadata)).toMatchObject({ data: { kept: 'yes' } })
      expect(await codeOf(client.patch(CONFIG_MAPS, made.metadata, patchOf(made.metadata.uid!)))).toBe('fine')
    })

    test('a finalizer keeps what is deleted until it is taken away', async () => {
      const made = await client.create(CONFIG_MAPS, configMap({}, { finalizers: ['suite.example/hold'] }))
      await client.delete(CONFIG_MAPS, made.metadata)
      const held = await client.get(CONFIG_MAPS, made.metadata)
      expect(held.metadata.deletionTimestamp).toBeTypeOf('string')
      await client.patch(CONFIG_MAPS, made.metadata, { type: 'merge', body: { metadata: { finalizers: null } } })
      expect(await codeOf(client.get(CONFIG_MAPS, made.metadata))).toBe('NotFound')
    })

    test('a status is written by its subresource alone, and the subresource writes nothing else', async () => {
      const name = `suite-${run}-${count++}`
      const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'example.com/none:1' }] }
      const made = await client.create(PODS, { metadata: { namespace, name, labels: { suite: run } }, spec })
      const body = { status: { message: 'said' }, metadata: { labels: { other: 'x' } } }
      const main = await client.patch(PODS, made.metadata, { type: 'merge', body })
      expect((main['status'] as { message?: string } | undefined)?.message).toBeUndefined()
      const onStatus = await client.patch(
        PODS,
        made.metadata,
        { type: 'merge', body: { status: { message: 'said' }, spec: { nodeName: 'nowhere' } } },
        { subresource: 'status' },
      )
      expect(onStatus['status']).toMatchObject({ message: 'said' })
      expect(onStatus['spec']).not.toHaveProperty('nodeName')
    })

    test('a list comes in pages of one version, whatever happens in between', async () => {
      const page = `page-${run}`
      for (let at = 0; at < 5; at++) await client.create(CONFIG_MAPS, configMap({}, { labels: { suite: run, page } }))
      const query = { namespace, labelSelector: `page=${page}` }
      const first = await client.listPage(CONFIG_MAPS, query, { limit: 2 })
      await client.create(CONFIG_MAPS, configMap({}, { labels: { suite: run, page } }))
      const second = await client.listPage(CONFIG_MAPS, query, { limit: 2, next: first.next })
      const third = await client.listPage(CONFIG_MAPS, query, { limit: 2, next: second.next })
      expect([first, second, third].map(({ items }) => items.length)).toEqual([2, 2, 1])
      expect(third.next).toBeNull()
      expect(third.resourceVersion).toBe(first.resourceVersion)
    })

    test('a watch tells what happened since a version, in order, and what leaves its selector', async () => {
      const labels = { suite: run, watch: run }
      const query = { namespace, labelSelector: `watch=${run}` }
      const { resourceVersion } = await client.listPage(CONFIG_MAPS, query)
      const one = await client.create(CONFIG_MAPS, configMap({}, { labels }))
      const two = await client.create(CONFIG_MAPS, configMap({}, { labels }))
      await client.patch(CONFIG_MAPS, one.metadata, { type: 'merge', body: { data: { a: '1' } } })
      await client.patch(CONFIG_MAPS, two.metadata, { type: 'merge', body: { metadata: { labels: { watch: null } } } })
      await client.delete(CONFIG_MAPS, one.metadata)
      const seen: string[] = []
      for await (const event of client.watch(CONFIG_MAPS, { ...query, resourceVersion, timeoutSeconds: 20 })) {
        if (event.type !== 'BOOKMARK') seen.push(describeEvent(event, one.metadata.name))
        if (seen.length === 5) break
      }
      expect(seen).toEqual(['ADDED one', 'ADDED two', 'MODIFIED one', 'DELETED two', 'DELETED one'])
    })

    test('a refusal is told with its reason: a wrong path, a body that is no object', async () => {
      expect(await codeOf(http.request({ method: 'GET', path: '/nothing/here' }))).toBe('NotFound')
      const path = `/api/v1/namespaces/${namespace}/configmaps`
      expect(await codeOf(http.request({ method: 'POST', path, body: 'text' }))).toBe('BadRequest')
    })
  })
}

function describeEvent({ type, object }: WatchEvent, first: string): string {
  return `${type} ${object.metadata.name === first ? 'one' : 'two'}`
}
