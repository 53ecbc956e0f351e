// A projected token says which pod sent it, to nobody but its audience, and not for long after the pod is gone.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/wait-until.ts'
import type { Scene } from './kit.ts'
import { buildPod, openScene } from './kit.ts'

const AUDIENCE = 'mcphub-gateway'

interface TokenReviewStatus {
  readonly authenticated?: boolean
  readonly audiences?: readonly string[]
  readonly error?: string
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> }
}

let scene: Scene
let token: string
let uid: string

async function review(audience: string): Promise<TokenReviewStatus> {
  const input = JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [audience] },
  })
  const answer = await scene.cluster.kubectl(['create', '-o', 'json', '-f', '-'], { input })
  return (JSON.parse(answer) as { status: TokenReviewStatus }).status
}

beforeAll(async () => {
  scene = await openScene('tokens')
  const projected = { serviceAccountToken: { path: 'token', audience: AUDIENCE, expirationSeconds: 600 } }
  const spec = { volumes: [{ name: 'identity', projected: { sources: [projected] } }] }
  const container = { volumeMounts: [{ name: 'identity', mountPath: '/identity' }] }
  await scene.startPods(buildPod('holder', { spec, container }))
  token = await scene.exec('holder', 'cat', '/identity/token')
  uid = await scene.kubectl('get', 'pod', 'holder', '-o', 'jsonpath={.metadata.uid}')
})
afterAll(() => scene.close())

test('TokenReview names the pod and its UID to the own audience', async () => {
  const { authenticated, audiences, user } = await review(AUDIENCE)
  expect(authenticated).toBe(true)
  expect(audiences).toEqual([AUDIENCE])
  expect(user?.username).toBe(`system:serviceaccount:${scene.namespace}:default`)
  expect(user?.extra?.['authentication.kubernetes.io/pod-name']).toEqual(['holder'])
  expect(user?.extra?.['authentication.kubernetes.io/pod-uid']).toEqual([uid])
})

test('TokenReview refuses the token for every other audience', async () => {
  const { authenticated, error } = await review('https://kubernetes.default.svc.cluster.local')
  expect(authenticated).not.toBe(true)
  expect(error).toContain('invalid')
})

test('the token opens nothing at the API server itself', async () => {
  const ask = ['--kubeconfig=/dev/null', `--token=${token}`, 'auth', 'whoami', '--insecure-skip-tls-verify']
  const server = await scene.kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}')
  await expect(scene.cluster.kubectl([`--server=${server}`, ...ask])).rejects.toThrow(/Unauthorized|must be logged in/)
})

test('the token is worth nothing once the pod is gone: 10 s later at most, the API server remembers successes that long', async () => {
  await scene.kubectl('delete', 'pod', 'holder', '--grace-period=0', '--force')
  const start = performance.now()
  await until(async () => expect((await review(AUDIENCE)).authenticated).not.toBe(true), 20_000)
  expect(performance.now() - start).toBeLessThan(12_000)
})
