// How people log in, through the chart: what Helm makes of each way is what Kubernetes' definitions know and what the gateway reads, to the
// providers and their secrets.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Config, readConfig } from '../../gateway/src/config.ts'
import { COMBINATIONS, LOGIN_COMBINATIONS } from './combinations.ts'
import { Definitions, HAS_DEFINITIONS } from './definitions.ts'
import { HELM, type Manifest, type Rendered, at, containerOf, envOf, nameOf, render } from './helm.ts'

const WITHOUT_DEFINITIONS = new Set([
  'McpServer',
  'UserGroup',
  'McpSandbox',
  'ServiceMonitor',
  'PrometheusRule',
  'HTTPRoute',
])

interface ProjectedVolume {
  readonly name: string
  readonly projected?: {
    readonly sources: readonly {
      readonly configMap?: { readonly name: string }
      readonly secret?: {
        readonly name: string
        readonly items: readonly { readonly key: string; readonly path: string }[]
      }
    }[]
  }
}

const PROGRAMS = ['Deployment/mcphub-gateway', 'Pod/mcphub-test']
const programsOf = (rendered: Rendered): Manifest[] => rendered.all.filter((each) => PROGRAMS.includes(nameOf(each)))

function loginVolumeOf(manifest: Manifest): ProjectedVolume | undefined {
  const where = manifest.kind === 'Pod' ? 'spec.volumes' : 'spec.template.spec.volumes'
  return at<ProjectedVolume[]>(manifest, where).find(({ name }) => name === 'login')
}

/** As the kubelet does it: every key of the list, and of the Secret what the volume asks for; its content is its key. */
function mountLogin(rendered: Rendered, { projected }: ProjectedVolume, folder: string): void {
  for (const { configMap, secret } of projected!.sources) {
    const data = configMap ? at<Record<string, string>>(rendered.one('ConfigMap', configMap.name), 'data') : {}
    for (const [name, text] of Object.entries(data)) writeFileSync(path.join(folder, name), text)
    for (const { key, path: file } of secret?.items ?? []) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), `secret of ${key}`)
    }
  }
}

function readAsGateway(rendered: Rendered, manifest: Manifest): Config {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcphub-chart-login-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of ['url', 'keyring.json']) writeFileSync(path.join(folder, name), 'postgresql://x')
  const volume = loginVolumeOf(manifest)
  if (volume) mountLogin(rendered, volume, folder)
  const { MCPHUB_LOGIN_FILE: list, ...env } = envOf(manifest)
  const mount = containerOf(manifest).volumeMounts.find(({ name }) => name === 'login')
  expect(list).toBe(mount && `${mount.mountPath}/providers.yaml`)
  return readConfig({
    ...env,
    ...(list === undefined ? {} : { MCPHUB_LOGIN_FILE: path.join(folder, path.basename(list)) }),
    ...{ MCPHUB_DATABASE_URL_FILE: path.join(folder, 'url'), MCPHUB_KEYRING_FILE: path.join(folder, 'keyring.json') },
    ...{ MCPHUB_POD_NAME: 'one', MCPHUB_POD_IP: '10.0.0.1' },
    ...{ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
  })
}

describe.skipIf(!HELM)('logging in, as the chart sets it up', () => {
  test.each(LOGIN_COMBINATIONS)('$name: the gateway reads it so', async ({ values, local, providers }) => {
    const rendered = await render(values)
    const programs = programsOf(rendered)
    expect(programs).toHaveLength(PROGRAMS.length)
    for (const manifest of programs) {
      const config = readAsGateway(rendered, manifest)
      expect(config.localLogin).toBe(local)
      const read = config.providers.map(({ id, kind, secret }) => [id, kind, secret?.reveal() ?? null])
      expect(read).toEqual(providers)
      expect(loginVolumeOf(manifest) === undefined).toBe(providers.length === 0)
    }
    expect(rendered.kind('ConfigMap').some(({ metadata }) => metadata.name === 'mcphub-login')).toBe(
      providers.length > 0,
    )
  })
})

describe.skipIf(!HELM || !HAS_DEFINITIONS)('by the definitions of Kubernetes', () => {
  let definitions: Definitions
  beforeAll(() => void (definitions = new Definitions()))

  test.each(Object.entries(COMBINATIONS))('every object is right: %s', async (_, values) => {
    const { all } = await render(values)
    const [own, foreign] = [
      all.filter((each) => definitions.knows(each)),
      all.filter((each) => !definitions.knows(each)),
    ]
    expect(foreign.map(({ kind }) => kind).filter((kind) => !WITHOUT_DEFINITIONS.has(kind))).toEqual([])
    expect(own.length).toBeGreaterThan(20)
    expect(own.flatMap((each) => definitions.check(each))).toEqual([])
  })

  test('what is wrong is found: a member that is none, a value of another type, one that is missing', async () => {
    const deployment = (await render()).one('Deployment', 'mcphub-gateway')
    const spec = (volumes: unknown): Manifest => ({
      ...deployment,
      spec: { ...(deployment['spec'] as object), template: { spec: { containers: [], volumes } } },
    })
    const wrong = [
      { name: 'login', projected: { defaultMode: '0440', sources: [{ configmap: { name: 'x' } }] } },
      { projected: { sources: [{ secret: { items: [{ key: 'a' }] } }] } },
    ]
    expect(definitions.check(spec(wrong)).map((line) => line.replace(/^.*volumes\./, ''))).toEqual([
      '0.projected.defaultMode: "0440" is no integer',
      '0.projected.sources.0.configmap: there is no such member',
      '1.name: is missing',
      '1.projected.sources.0.secret.items.0.path: is missing',
    ])
  })
})
