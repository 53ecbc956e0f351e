// The same corpus against the API server that MCPHUB_TEST_KUBECONFIG names; without one there is nothing to ask. It shows what only a real one
// can: that the CRDs are taken at all (CEL costs), changes that are refused, and rules that tighten under objects that are there already.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../packages/kube/src/index.ts'
import { until } from '../kit/wait-until.ts'
import { CorpusCluster, readManifests } from './cluster.ts'
import { BAD, GOOD } from './corpus.ts'
import { readCrds, schemaOf } from './crd-files.ts'
import type { CrdFile } from './crd-files.ts'

const kubeconfig = process.env['MCPHUB_TEST_KUBECONFIG']

/** Every document by itself, but those of one name as changes of one object. */
function sequences(text: string): KubeObject[][] {
  const byName = Map.groupBy(readManifests(text), ({ kind, metadata }) => `${kind}/${metadata.name}`)
  return [...byName.values()]
}

describe.skipIf(!kubeconfig)('a real API server', () => {
  let cluster: CorpusCluster
  beforeAll(async () => {
    cluster = await CorpusCluster.open(kubeconfig!)
    for (const crd of readCrds()) await cluster.define(crd)
  })
  afterAll(() => cluster.close())

  test.each(GOOD)('takes $name', async ({ text }) => {
    for (const manifests of sequences(text)) expect(await cluster.send(manifests)).toBeNull()
  })

  test.each(BAD)('refuses $name with its sentence', async ({ text, field, says }) => {
    const manifests = readManifests(text)
    const before = manifests.slice(0, -1)
    if (before.length > 0) expect(await cluster.send(before)).toBeNull()
    const refusal = await cluster.send(manifests)
    expect(refusal).toContain(field)
    expect(refusal).toContain(says)
  })

  test('fills in what was left out', async () => {
    const [manifest] = readManifests(BAD.find(({ name }) => name === 'type-changed.yaml')!.text.split('---\n')[1]!)
    const { spec } = await cluster.request<{ spec: object }>(
      'POST',
      `${cluster.pathOf(manifest!)}?dryRun=All`,
      manifest,
    )
    expect(spec).toMatchObject({
      isolation: 'Auto',
      access: 'Groups',
      enabled: true,
      tools: { onChange: 'Flag', overrides: [] },
      stdio: { egress: { mode: 'None' }, warmPool: { replicas: 0 }, persistence: { mode: 'None' }, sessions: 'Shared' },
    })
  })

  test('a rule that tightens leaves alone what is there and unchanged', async () => {
    const [crd] = readCrds().filter(({ spec }) => spec.names.kind === 'McpServer')
    await cluster.define(inAnotherGroup(crd!, true))
    const list = cluster.pathOf({ apiVersion: `${OTHER_GROUP}/v1alpha1`, kind: 'McpServer', metadata: { name: 'x' } })
    const old = {
      apiVersion: `${OTHER_GROUP}/v1alpha1`,
      kind: 'McpServer',
      metadata: { name: 'old' },
      spec: { type: 'Remote', displayName: 'x'.repeat(200), remote: { url: 'http://mcp.example.com/mcp' } },
    }
    const change = (spec: object): Promise<unknown> => cluster.request('PATCH', `${list}/old`, { spec })
    await cluster.request('POST', list, old)
    await cluster.define(inAnotherGroup(crd!, false))
    const again = { ...old, metadata: { name: 'again' } }
    await until(() => expect(cluster.request('POST', `${list}?dryRun=All`, again)).rejects.toThrow('displayName'))

    await change({ description: 'another field' })
    await expect(change({ displayName: 'y'.repeat(200) })).rejects.toThrow('spec.displayName')
    await expect(change({ remote: { url: 'http://other.example.com/mcp' } })).rejects.toThrow('plain http shows')
    await change({ displayName: 'short', remote: { url: 'https://mcp.example.com/mcp' } })
  })
})

const OTHER_GROUP = 'ratchet.mcphub.io'

/** The same kind beside the real one, that its rules can be loosened without touching anybody's servers. */
function inAnotherGroup(crd: CrdFile, loose: boolean): CrdFile {
  const copy = structuredClone(crd)
  const spec = schemaOf(copy).properties!['spec'] as { properties: Record<string, Record<string, unknown>> }
  if (loose) {
    spec.properties['displayName']!['maxLength'] = 256
    delete spec.properties['remote']!['x-kubernetes-validations']
  }
  const { names } = copy.spec
  const others = { ...names, shortNames: [], categories: [] }
  return {
    ...copy,
    metadata: { name: `${names.plural}.${OTHER_GROUP}` },
    spec: { ...copy.spec, group: OTHER_GROUP, names: others },
  }
}
