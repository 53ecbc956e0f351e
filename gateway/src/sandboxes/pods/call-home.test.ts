// What a TokenReview must say for a call-home to be believed. An API server that knows no audiences, or another authenticator, answers
// otherwise than the one in memory: whatever is missing is a refusal.
import { KubeClient } from '@mcphub/kube'
import { expect, test } from 'vitest'
import { answerCallHome } from './call-home.ts'
import { toPodView } from './resources.ts'

const POD = toPodView({
  metadata: { name: 'files-x-0', namespace: 'boxes', uid: 'pod-uid', resourceVersion: '1' },
  status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] },
})
const extra = {
  'authentication.kubernetes.io/pod-name': ['files-x-0'],
  'authentication.kubernetes.io/pod-uid': ['pod-uid'],
}
const user = { username: 'system:serviceaccount:boxes:mcphub-sandbox', extra }
const good = { authenticated: true, audiences: ['mcphub-gateway'], user }

async function ask(status: object | undefined): Promise<{ status: number; registered: number }> {
  let registered = 0
  const verdict = await answerCallHome(
    {
      reviewer: new KubeClient({ request: () => Promise.resolve({ status }) } as never),
      namespace: 'boxes',
      pods: { findPod: () => POD, onPod: () => () => undefined },
      directory: { find: () => undefined, register: () => Promise.resolve(++registered > 0) },
    },
    {
      token: 'token',
      body: { version: 1, podName: 'files-x-0', podUid: 'pod-uid', port: 8477, fingerprint: 'ab'.repeat(32) },
      address: '10.0.0.1',
      signal: AbortSignal.timeout(5_000),
    },
  )
  return { status: verdict.status, registered }
}

test('a token of this pod, for the gateway, from an account of the sandboxes is believed', async () => {
  expect(await ask(good)).toEqual({ status: 204, registered: 1 })
})

test.each<[string, object | undefined]>([
  ['no status', undefined],
  ['not authenticated', { ...good, authenticated: false }],
  ['no word of it', { ...good, authenticated: undefined }],
  ['no audiences, as from a server that knows none', { ...good, audiences: undefined }],
  ['the audience of the API server', { ...good, audiences: ['https://kubernetes.default.svc'] }],
  ['nobody', { ...good, user: undefined }],
  ['a person', { ...good, user: { ...user, username: 'alice' } }],
  ['an account of another namespace', { ...good, user: { ...user, username: 'system:serviceaccount:boxes-2:x' } }],
  ['no pod', { ...good, user: { username: user.username } }],
  [
    'another pod of that name',
    { ...good, user: { ...user, extra: { ...extra, [`${Object.keys(extra)[1]}`]: ['other'] } } },
  ],
  [
    'a pod of another name',
    { ...good, user: { ...user, extra: { ...extra, [`${Object.keys(extra)[0]}`]: ['other'] } } },
  ],
])('BOX-6: %s: nothing is written', async (_what, status) => {
  expect(await ask(status)).toEqual({ status: 401, registered: 0 })
})
