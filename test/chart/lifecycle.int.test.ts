// Install, upgrade, rollback, uninstall with Helm in the cluster that MCPHUB_TEST_KUBECONFIG names. Whether the pods run is the stories' matter
// (their images are not needed here); this is about the objects: what is made once, what stays, what an upgrade leaves alone.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KubeError, KubeHttp, readKubeconfig } from '../../packages/kube/src/index.ts'
import { until } from '../kit/wait-until.ts'
import { CHART, HELM, helm } from './helm.ts'

const kubeconfig = process.env['MCPHUB_TEST_KUBECONFIG']
/** the first packaged chart: what people who installed it have now */
const FIRST = path.join(import.meta.dirname, 'fixtures/mcphub-0.1.0.tgz')

const release = `life${process.pid}`
const namespace = `chart-life-${process.pid}`
const sandboxes = `${release}-sandboxes`
const name = `${release}-mcphub`

interface Found {
  readonly metadata: { readonly uid: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly data?: Readonly<Record<string, string>>
}

describe.skipIf(!kubeconfig || !HELM)('a release', () => {
  let http: KubeHttp
  const run = (command: string, ...args: string[]): Promise<string> =>
    helm(command, release, ...args, '--namespace', namespace, '--kubeconfig', kubeconfig!)
  const find = async (where: string): Promise<Found | null> => {
    try {
      return await http.request<Found>({ method: 'GET', path: where })
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return null
      throw error
    }
  }
  const secret = (which: string): string => `/api/v1/namespaces/${namespace}/secrets/${name}-${which}`
  const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mcpservers.mcphub.io'
  const TRUST = `/api/v1/namespaces/${sandboxes}/configmaps/mcphub-trust`
  const SERVERS = `/apis/mcphub.io/v1alpha1/namespaces/${sandboxes}/mcpservers`
  const DEPLOYMENT = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}-gateway`

  /** Definitions of another release that is there already are not ours to take. */
  let ownCrds = true
  const crds = (): string[] => (ownCrds ? [] : ['--set', 'crds.enabled=false'])
  const readSecrets = async (): Promise<unknown[]> => [
    (await find(secret('keyring')))?.data,
    (await find(secret('database')))?.data,
  ]

  beforeAll(async () => {
    http = new KubeHttp({ credentials: await readKubeconfig(kubeconfig!), userAgent: 'mcphub-test' })
    ownCrds = (await find(CRD)) === null
  })
  afterAll(async () => {
    await run('uninstall', '--ignore-not-found').catch(() => undefined)
    const left = [`/api/v1/namespaces/${namespace}`, `/api/v1/namespaces/${sandboxes}`]
    for (const each of left) await http.request({ method: 'DELETE', path: each }).catch(() => undefined)
    if (ownCrds) {
      for (const plural of ['mcpservers', 'usergroups', 'mcpsandboxes'])
        await http.request({ method: 'DELETE', path: CRD.replace('mcpservers', plural) }).catch(() => undefined)
    }
    await http.destroy()
  })

  test('INSTALL: the first packaged chart, with no values', async () => {
    expect(existsSync(FIRST)).toBe(true)
    const said = await run('install', FIRST, '--create-namespace', ...crds())
    expect(said).toContain('STATUS: deployed')
    expect(said).toContain(`exec deploy/${name}-gateway -- node /app/main.mjs setup-link`)
    expect(await find(DEPLOYMENT)).not.toBeNull()
  })

  test('UPGRADE: key ring and password stay, and what the gateways wrote into the trust', async () => {
    const before = await readSecrets()
    expect(before).toEqual([
      { 'keyring.json': expect.any(String) },
      { password: expect.any(String), url: expect.any(String) },
    ])
    const body = { data: { 'ca.crt': 'a certificate', 'keys.pem': 'keys' } }
    await http.request({ method: 'PATCH', path: TRUST, body, contentType: 'application/merge-patch+json' })
    await until(() => http.request({ method: 'GET', path: SERVERS }))
    await http.request({
      method: 'POST',
      path: SERVERS,
      body: {
        apiVersion: 'mcphub.io/v1alpha1',
        kind: 'McpServer',
        metadata: { name: 'kept' },
        spec: { type: 'Remote', remote: { url: 'https://example.com/mcp' } },
      },
    })
    await run('upgrade', CHART, '--set', 'gateway.replicas=3', ...crds())
    expect(await readSecrets()).toEqual(before)
    expect((await find(TRUST))?.data).toEqual(body.data)
  })

  test('ROLLBACK: leaves the keys of now, not those of then', async () => {
    const [ring, database] = await readSecrets()
    const rotated = { 'keyring.json': Buffer.from('[{"id":"new"},{"id":"old"}]').toString('base64') }
    const body = { data: rotated }
    await http.request({
      method: 'PATCH',
      path: secret('keyring'),
      body,
      contentType: 'application/merge-patch+json',
    })
    await run('rollback', '1')
    expect(rotated).not.toEqual(ring)
    expect(await readSecrets()).toEqual([rotated, database])
    expect((await find(TRUST))?.data).toEqual({ 'ca.crt': 'a certificate', 'keys.pem': 'keys' })
    expect(await find(DEPLOYMENT)).toMatchObject({ spec: { replicas: 2 } })
  })

  test('UNINSTALL: custom resources, default deny, key ring and password stay; all else goes', async () => {
    const before = await readSecrets()
    await run('uninstall')
    await until(async () => expect(await find(DEPLOYMENT)).toBeNull())
    expect(await find(CRD)).not.toBeNull()
    expect(await find(`${SERVERS}/kept`)).not.toBeNull()
    expect(
      await find(`/apis/networking.k8s.io/v1/namespaces/${sandboxes}/networkpolicies/mcphub-default-deny`),
    ).not.toBeNull()
    expect(await readSecrets()).toEqual(before)
    expect(
      await find(`/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${name}-${namespace}-sandbox-pods`),
    ).toBeNull()
  })

  test('INSTALL again: takes up what stayed, so the old database opens with the old key ring', async () => {
    const before = await readSecrets()
    await run('install', CHART, ...crds())
    expect(await readSecrets()).toEqual(before)
  })
})
