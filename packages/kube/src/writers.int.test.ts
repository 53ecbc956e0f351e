// Statuses and events on their way to the API server: how few writes, and that none makes anybody wait or fail.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KubeClient } from './client.ts'
import { fixedCredentials } from './credentials.ts'
import { EventRecorder, type NewEvent } from './event-recorder.ts'
import { KubeHttp } from './http.ts'
import { EVENTS, PODS, type KubeObject, type Stored } from './objects.ts'
import { StatusWriter, type WithStatus } from './status-writer.ts'
import { FakeApiServer } from './testing/fake-api-server.ts'
import { isWrite } from './testing/faults.ts'

let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
beforeEach(async () => {
  server = await FakeApiServer.start()
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', retries: 0 })
  client = new KubeClient(http)
})
afterEach(async () => {
  await http.destroy()
  await server.stop()
})
const make = (name: string): Promise<WithStatus> =>
  client.create<WithStatus>(PODS, { metadata: { namespace: 'default', name } })
const read = (name: string): Promise<KubeObject & Stored> => client.get(PODS, { namespace: 'default', name })
const writes = (): number => server.calls.filter(isWrite).length

describe('statuses', () => {
  const retries: [string, unknown][] = []
  const open = (delayMs = 20): StatusWriter =>
    new StatusWriter({ client, resource: PODS, delayMs, onRetry: (key, error) => void retries.push([key, error]) })
  beforeEach(() => void retries.splice(0))

  test('the last of several is written, once', async () => {
    const pod = await make('a')
    const writer = open()
    for (let at = 1; at <= 10; at++) writer.write(pod, { step: at })
    await vi.waitFor(async () => expect((await read('a'))['status']).toEqual({ step: 10 }))
    await writer.stop()
    expect(writes()).toBe(2)
  })

  test('what the object says already is not written, and takes back what waited', async () => {
    const pod = { ...(await make('a')), status: { step: 1 } }
    const writer = open(1000)
    writer.write(pod, { step: 1 })
    writer.write(pod, { step: 2 })
    writer.write(pod, { step: 1 })
    await writer.stop()
    expect(writes()).toBe(1)
  })

  test('an urgent one goes at once and takes the place of what waited; what it leaves out is removed', async () => {
    const pod = await make('a')
    const writer = open(60_000)
    writer.write(pod, { step: 1, more: true }, { urgent: true })
    await vi.waitFor(async () => expect((await read('a'))['status']).toEqual({ step: 1, more: true }))
    const now = await read('a')
    writer.write(now as WithStatus, { step: 2 })
    writer.write(now as WithStatus, { step: 3 }, { urgent: true })
    await writer.stop()
    expect((await read('a'))['status']).toEqual({ step: 3 })
    expect(writes()).toBe(3)
  })

  test('an object that changed meanwhile is looked at again; one that is gone is not', async () => {
    const [changed, gone] = [await make('changed'), await make('gone')]
    await client.patch(PODS, changed.metadata, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } })
    await client.delete(PODS, gone.metadata)
    const writer = open()
    writer.write(changed, { step: 1 }, { urgent: true })
    writer.write(gone, { step: 1 }, { urgent: true })
    await writer.stop()
    expect(retries).toEqual([['default/changed', null]])
    expect(await read('changed')).not.toHaveProperty('status')
  })

  test('a fault is told with the key', async () => {
    const pod = await make('a')
    server.inject({ when: isWrite, act: { answer: { code: 500, reason: 'InternalError' } }, times: 1 })
    const writer = open()
    writer.write(pod, { step: 1 })
    await writer.stop()
    expect(retries).toEqual([['default/a', expect.objectContaining({ code: 500 })]])
  })
})

describe('events', () => {
  const pulled: NewEvent = { type: 'Warning', reason: 'PullFailed', action: 'Pull', note: 'The image is not there.' }
  const open = (options = {}): EventRecorder =>
    new EventRecorder({ client, controller: 'example.com/test', instance: 'one', ...options })
  const events = async (): Promise<readonly KubeObject[]> => (await client.listPage(EVENTS, {})).items

  test('what repeats is one event with a count', async () => {
    const pod = await make('a')
    const recorder = open()
    for (let at = 0; at < 50; at++) recorder.record(PODS, pod, pulled)
    recorder.record(PODS, pod, { ...pulled, reason: 'Other' })
    await vi.waitFor(async () => expect(await events()).toHaveLength(2))
    await recorder.stop()
    const [event] = (await events()).filter((one) => one['reason'] === 'PullFailed')
    expect(event).toMatchObject({
      regarding: { kind: 'Pod', name: 'a', uid: pod.metadata.uid },
      reportingController: 'example.com/test',
      series: { count: 50 },
    })
    expect(event!['eventTime']).toMatch(/\.\d{6}Z$/)
    expect(writes()).toBe(4)
  })

  test('a series whose event the server forgot begins anew', async () => {
    const pod = await make('a')
    const recorder = open({ seriesMs: 1 })
    recorder.record(PODS, pod, pulled)
    await vi.waitFor(async () => expect(await events()).toHaveLength(1))
    const [event] = await events()
    await client.delete(EVENTS, event!.metadata)
    await vi.waitFor(async () => {
      recorder.record(PODS, pod, pulled)
      expect(await events()).toHaveLength(1)
    })
    await recorder.stop()
  })

  test('a server that takes no events harms nobody', async () => {
    const pod = await make('a')
    const onError = vi.fn()
    server.inject({ when: isWrite, act: { answer: { code: 403, reason: 'Forbidden' } } })
    const recorder = open({ onError })
    recorder.record(PODS, pod, pulled)
    await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(expect.objectContaining({ reason: 'Forbidden' })))
    await recorder.stop()
  })
})
