// Wakes that must not happen: of a sandbox that is somebody else's, and after the start was stopped.
import { KubeClient } from '@mcphub/kube'
import { expect, test, vi } from 'vitest'
import { makePodServer } from '../../../../test/kit/pod-world.ts'
import { ChildStarter } from './child-starter.ts'
import type { ClusterView } from './cluster-view.ts'
import type { PodLinks } from './pod-links.ts'
import { type SandboxView, toSandboxView } from './resources.ts'
import type { ShimLink } from './shim-link.ts'
import { createChildSlot, type Slot } from './slots.ts'
import { Waker, type Wish } from './waker.ts'

const NOW = 1_800_000_000_000
const WISH: Wish = {
  identity: { name: 'files-x', userRef: 'alice-hash', kind: 'user' },
  server: { name: 'files', uid: 'uid-1' },
  groups: [],
  idleMs: 60_000,
  wakeMs: 60_000,
}
const warn = vi.fn()
const log = { info: () => undefined, warn, error: () => undefined }

function makeSandbox(spec: object = {}): SandboxView {
  const metadata = { name: 'files-x', namespace: 'n', uid: 'u', resourceVersion: '1', generation: 1 }
  const own = { serverRef: { name: 'files', uid: 'uid-1' }, userRef: 'alice-hash', operatingMode: 'Suspended' }
  return toSandboxView({ metadata, spec: { ...own, ...spec } })
}

/** A waker that knows one sandbox with one pod; `open` stands for the connection to it. */
function makeWaker(sandbox: SandboxView, open: () => Promise<ShimLink | null>) {
  const request = vi.fn<() => Promise<unknown>>(() => Promise.resolve({ metadata: sandbox.metadata }))
  const client = new KubeClient({ request } as never)
  const view = { findSandbox: () => sandbox, usablePodsOf: () => [{}], onName: () => () => undefined }
  const doubts = { concern: async ({ spec }: SandboxView) => spec.userGroupRefs?.includes('hidden') ?? false }
  const deps = { client, namespace: 'n', log, now: () => NOW, view: view as never as ClusterView, doubts }
  return { request, doubts, waker: new Waker({ ...deps, links: { open } as never as PodLinks }) }
}

test.each([
  ['another server', { serverRef: { name: 'files', uid: 'uid-2' } }],
  ['another person', { userRef: 'mallory-hash' }],
  ['nobody', { userRef: undefined }],
])('a sandbox of our name that belongs to %s gets no connection and no write', async (_whose, spec) => {
  const open = vi.fn<() => Promise<ShimLink>>(() => Promise.resolve({} as ShimLink))
  const { waker, request } = makeWaker(makeSandbox(spec), open)
  const refusal = { code: 'sandbox_failed', details: { data: { reason: 'ForeignSandbox' } } }
  await expect(waker.wake(WISH, () => undefined, AbortSignal.timeout(5_000))).rejects.toMatchObject(refusal)
  await expect(waker.ensure(WISH)).rejects.toMatchObject(refusal)
  expect([open.mock.calls.length, request.mock.calls.length]).toEqual([0, 0])
})

test('our own one is connected to and woken', async () => {
  const link = {} as ShimLink
  const { waker, request } = makeWaker(makeSandbox(), () => Promise.resolve(link))
  expect(await waker.wake(WISH, () => undefined, AbortSignal.timeout(5_000))).toBe(link)
  expect(request).toHaveBeenCalledTimes(1)
})

test.each([
  ['keeps the groups it has while the catalogue lacks one of them that is there', ['hidden'], undefined],
  ['has the groups of its wish otherwise', ['gone'], WISH.groups],
])('who is waked %s', async (_what, userGroupRefs, written) => {
  const { waker, request } = makeWaker(makeSandbox({ userGroupRefs }), () => Promise.resolve(null))
  await waker.ensure(WISH)
  expect(request).toHaveBeenCalledOnce()
  const [{ body }] = request.mock.calls[0] as unknown as [{ body: { spec: object } }]
  expect(body.spec).toMatchObject({ operatingMode: 'Auto' })
  expect((body.spec as { userGroupRefs?: unknown }).userGroupRefs).toEqual(written)
})

test('a start that is stopped while it is asked for a group writes nothing', async () => {
  const abort = new AbortController()
  const { waker, request, doubts } = makeWaker(makeSandbox({ userGroupRefs: ['hidden'] }), () => Promise.resolve(null))
  doubts.concern = async () => {
    abort.abort()
    return true
  }
  await expect(waker.ensure(WISH, abort.signal)).rejects.toMatchObject({ code: 'server_unavailable' })
  expect(request).not.toHaveBeenCalled()
})

test('a start that is stopped while its pod is dialled does not wake what was just suspended', async () => {
  const abort = new AbortController()
  const { waker, request } = makeWaker(makeSandbox(), () => {
    abort.abort()
    return Promise.resolve({} as ShimLink)
  })
  await expect(waker.wake(WISH, () => undefined, abort.signal)).rejects.toMatchObject({ code: 'server_unavailable' })
  expect(request).not.toHaveBeenCalled()
  expect(warn).not.toHaveBeenCalled()
})

test('a start that is stopped when its pod is there sends it no values', async () => {
  const server = makePodServer()
  const slot: Slot = {
    identity: WISH.identity,
    server,
    groups: [],
    children: new Map(),
    lastActiveAt: 0,
    isStopped: false,
    wrote: null,
  }
  const owner = { userId: 'alice', username: 'alice', sessionId: null, discovery: false }
  const request = { server, owner, args: [], env: new Map(), fingerprint: 'one', maxRunningPerUser: null, groups: [] }
  const start = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('sent')))
  const woken = Promise.withResolvers<ShimLink>()
  const waker = { wake: () => woken.promise } as never as Waker
  const folders = { work: '/work', package: '/package' }
  const starter = new ChildStarter({
    waker,
    folders,
    idleMs: 1,
    leastWakeMs: 1,
    log,
    now: () => NOW,
    onQuiet: () => undefined,
  })
  const child = createChildSlot('files-x', 'shared', owner)
  const starting = starter.begin(slot, child, { request, ready: Promise.resolve() })
  woken.resolve({ start } as never as ShimLink)
  starting.abort.abort()
  await expect(starting.promise).rejects.toMatchObject({ code: 'server_unavailable' })
  expect(start).not.toHaveBeenCalled()
})
