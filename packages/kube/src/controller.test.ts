// The controller without a cluster: retries, waits, terminal faults, metrics, shutdown.
import { afterEach, expect, test, vi } from 'vitest'
import { Controller, TerminalError, mapToOwner, type ControllerOptions, type Request } from './controller.ts'
import type { ControllerMetrics } from './metrics.ts'
import { WorkQueue } from './work-queue.ts'

const running: Controller[] = []
afterEach(async () => {
  for (const controller of running.splice(0)) await controller.stop(0)
})

function start(options: Omit<ControllerOptions, 'name'>): Controller {
  const controller = new Controller({ name: 'test', ...options })
  running.push(controller)
  controller.start()
  return controller
}

test('a failure is tried again with back-off until it goes well; the request names the object and nothing else', async () => {
  const seen: Request[] = []
  const waits: (number | null)[] = []
  const controller = start({
    reconcile: (request) => {
      seen.push(request)
      return seen.length < 4 ? Promise.reject(new Error('not yet')) : Promise.resolve()
    },
    onError: (_request, _error, waitMs) => void waits.push(waitMs),
  })
  controller.enqueue('team/a', 'spec')
  await vi.waitFor(() => expect(seen).toHaveLength(4))
  expect(waits).toEqual([5, 10, 20])
  expect(seen[0]).toMatchObject({ key: 'team/a', namespace: 'team', name: 'a' })
})

test('a terminal fault is not tried again, until something changes', async () => {
  const reconcile = vi.fn(() => Promise.reject(new TerminalError('no such image')))
  const onError = vi.fn()
  const controller = start({ reconcile, onError })
  controller.enqueue('a', 'spec')
  await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(expect.anything(), expect.any(TerminalError), null))
  controller.enqueue('a', 'spec')
  await vi.waitFor(() => expect(reconcile).toHaveBeenCalledTimes(2))
})

test('a wait brings the key back, and is no failure', async () => {
  const reconcile = vi.fn().mockResolvedValueOnce({ requeueAfterMs: 10 }).mockResolvedValue(undefined)
  const onError = vi.fn()
  start({ reconcile, onError }).enqueue('a', 'spec')
  await vi.waitFor(() => expect(reconcile).toHaveBeenCalledTimes(2))
  expect(onError).not.toHaveBeenCalled()
})

test('keys that need nothing, however many, hold nothing else up: what comes meanwhile is heard, and goes first', async () => {
  const seen: string[] = []
  const spin = (ms: number): void => {
    for (const began = performance.now(); performance.now() - began < ms;);
  }
  const controller = start({
    workers: 16,
    reconcile: ({ key }) => {
      seen.push(key)
      spin(1)
      return Promise.resolve()
    },
  })
  for (let n = 0; n < 100; n++) controller.enqueue(`asleep-${n}`, 'resync')
  // as a socket would: in a turn of the event loop of its own
  setImmediate(() => controller.enqueue('wake', 'wake'))
  await vi.waitFor(() => expect(seen).toHaveLength(101), { timeout: 4000 })
  expect(seen.indexOf('wake')).toBeLessThan(50)
})

test('many keys share the workers; one key never has two', async () => {
  const active = new Map<string, number>()
  let most = 0
  let runs = 0
  const controller = start({
    workers: 3,
    reconcile: async ({ key }) => {
      active.set(key, (active.get(key) ?? 0) + 1)
      expect(active.get(key)).toBe(1)
      most = Math.max(
        most,
        [...active.values()].reduce((sum, one) => sum + one),
      )
      await new Promise((resolve) => setImmediate(resolve))
      active.set(key, 0)
      runs++
    },
  })
  for (let at = 0; at < 300; at++) controller.enqueue(`key-${at % 7}`, 'spec')
  await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(7))
  expect(most).toBe(3)
})

test('stop takes nothing more in, lets what runs finish, and ends by its signal what does not', async () => {
  const started: string[] = []
  const stopping = Promise.withResolvers<void>()
  const finished = vi.fn()
  const reconcile = vi.fn(async ({ key }: Request, signal: AbortSignal) => {
    started.push(key)
    if (key === 'quick') await stopping.promise
    else await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    finished(key, signal.aborted)
  })
  const controller = start({ workers: 2, reconcile })
  for (const key of ['quick', 'stuck', 'waiting']) controller.enqueue(key, 'spec')
  await vi.waitFor(() => expect(started).toEqual(['quick', 'stuck']))
  const began = performance.now()
  const stopped = controller.stop(60)
  stopping.resolve()
  await stopped
  expect(finished.mock.calls).toEqual([
    ['quick', false],
    ['stuck', true],
  ])
  expect(performance.now() - began).toBeGreaterThanOrEqual(50)
  expect(started).toEqual(['quick', 'stuck'])
})

test("metrics have controller-runtime's names", async () => {
  const metrics = { count: vi.fn(), observe: vi.fn(), set: vi.fn() } satisfies ControllerMetrics
  const reconcile = vi.fn().mockRejectedValueOnce(new Error('x')).mockResolvedValue(undefined)
  start({ reconcile, metrics }).enqueue('a', 'spec')
  await vi.waitFor(() =>
    expect(metrics.count).toHaveBeenCalledWith('controller_runtime_reconcile_total', 'test', 'success'),
  )
  expect(metrics.count).toHaveBeenCalledWith('controller_runtime_reconcile_errors_total', 'test')
  expect(metrics.count).toHaveBeenCalledWith('workqueue_retries_total', 'test')
  expect(metrics.observe).toHaveBeenCalledWith('controller_runtime_reconcile_time_seconds', 'test', expect.any(Number))
  expect(metrics.set).toHaveBeenCalledWith('controller_runtime_active_workers', 'test', 1)
})

test('a queue of the caller is used as it is', async () => {
  const queue = new WorkQueue()
  queue.add('a', 'wake')
  const reconcile = vi.fn().mockResolvedValue(undefined)
  start({ reconcile, queue })
  await vi.waitFor(() => expect(reconcile).toHaveBeenCalledOnce())
})

test('a child leads to its controlling owner of one kind, in its own namespace', () => {
  const map = mapToOwner('Widget')
  const owner = (kind: string, controller: boolean): object => ({
    apiVersion: 'v1',
    kind,
    name: 'w',
    uid: 'u',
    controller,
  })
  const change = (owners: object[]): never =>
    ({ type: 'added', key: 'team/child', item: { metadata: { namespace: 'team', ownerReferences: owners } } }) as never
  expect(map(change([owner('Widget', true)]))).toEqual(['team/w'])
  expect(map(change([owner('Widget', false), owner('Other', true)]))).toEqual([])
})
