// The API server refuses what it must, and says so: PodSecurity, admission policies, CEL in CRDs, quota.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/wait-until.ts'
import type { Scene } from './kit.ts'
import { buildPod, openScene } from './kit.ts'

let scene: Scene
const CRD = 'things.check.mcphub.test'
const POLICY = 'check-admission'

beforeAll(async () => {
  scene = await openScene('admission', { 'pod-security.kubernetes.io/enforce': 'restricted' })
})
afterAll(async () => {
  const kinds = ['validatingadmissionpolicybinding', 'validatingadmissionpolicy']
  await Promise.all(kinds.map((kind) => scene.kubectl('delete', kind, POLICY, '--ignore-not-found')))
  await scene.kubectl('delete', 'crd', CRD, '--ignore-not-found')
  await scene.close()
})

test('PodSecurity restricted takes a hardened pod and refuses a plain one, naming what is missing', async () => {
  await scene.apply(buildPod('hardened'))
  const plain = buildPod('plain', { spec: { securityContext: {} }, container: { securityContext: {} } })
  const refusal = await scene.refusal(plain)
  expect(refusal).toContain('violates PodSecurity "restricted')
  expect(refusal).toContain('runAsNonRoot')
})

const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

test('a ValidatingAdmissionPolicy denies with its own message, about a second after it was created', async () => {
  const api = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: POLICY } }
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }
  const validations = [{ expression: "!object.metadata.name.startsWith('bad')", message: 'names may not begin so' }]
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': scene.namespace } }
  await scene.apply(
    {
      ...api,
      kind: 'ValidatingAdmissionPolicy',
      spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules: [rule] }, validations },
    },
    {
      ...api,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: POLICY, validationActions: ['Deny'], matchResources: { namespaceSelector } },
    },
  )
  let tries = 0
  await until(async () => {
    tries += 1
    expect(await scene.refusal(configMap(`bad-${tries}`))).toContain('names may not begin so')
  })
  await scene.apply(configMap('good'))
})

const buildCrd = (largest: number): object => {
  const rule = (text: string, message: string): object => ({ 'x-kubernetes-validations': [{ rule: text, message }] })
  const properties = {
    owner: { type: 'string', maxLength: 63, ...rule('self == oldSelf', 'owner is immutable') },
    size: { type: 'integer', ...rule(`self <= ${largest}`, `size must be at most ${largest}`) },
    note: { type: 'string' },
  }
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      required: ['spec'],
      properties: { spec: { type: 'object', required: ['owner', 'size'], properties } },
    },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: CRD },
    spec: {
      group: 'check.mcphub.test',
      scope: 'Namespaced',
      names: { kind: 'Thing', plural: 'things', singular: 'thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
}
const thing = (name: string, spec: object): object => ({
  apiVersion: 'check.mcphub.test/v1',
  kind: 'Thing',
  metadata: { name },
  spec,
})
const patch = (spec: object): Promise<string> =>
  scene.kubectl('patch', CRD, 'one', '--type=merge', '-p', JSON.stringify({ spec }))
const bySomeone = (manager: string): string[] => ['--server-side', `--field-manager=${manager}`]

test('a CRD with CEL: values, immutable fields, ratcheting, and conflicts between field managers', async () => {
  await scene.apply(buildCrd(5))
  await scene.kubectl('wait', '--for=condition=Established', `crd/${CRD}`, '--timeout=20s')
  await until(() => scene.kubectl('get', CRD))
  expect(await scene.refusal(thing('two', { owner: 'ann', size: 9 }))).toContain('size must be at most 5')

  await scene.cluster.kubectl(['-n', scene.namespace, 'apply', ...bySomeone('first'), '-f', '-'], {
    input: JSON.stringify(thing('one', { owner: 'ann', size: 3 })),
  })
  expect(await scene.refusal(thing('one', { owner: 'bob', size: 3 }), ...bySomeone('first'))).toContain(
    'owner is immutable',
  )
  expect(await scene.refusal(thing('one', { owner: 'ann', size: 1 }), ...bySomeone('second'))).toContain('conflict')

  // a stricter rule leaves what is there alone until that very field changes
  await scene.apply(buildCrd(2))
  await until(async () => expect(await scene.refusal(thing('new', { owner: 'ann', size: 3 }))).toContain('at most 2'))
  await patch({ note: 'still taken' })
  await expect(patch({ size: 4 })).rejects.toThrow('size must be at most 2')
})

test('a quota refuses the pod over it and counts those there are; a LimitRange refuses a container over it', async () => {
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' }, spec: { hard: { pods: '2' } } }
  const limits = [{ type: 'Container', max: { memory: '512Mi' } }]
  await scene.apply(quota, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'range' }, spec: { limits } })
  const used = (): Promise<string> => scene.kubectl('get', 'quota', 'quota', '-o', 'jsonpath={.status.used.pods}')
  await until(async () => expect(await used()).toBe('1'))
  await scene.apply(buildPod('second'))
  expect(await scene.refusal(buildPod('third'))).toContain('exceeded quota: quota, requested: pods=1, used: pods=2')
  const large = buildPod('large', { container: { resources: { limits: { memory: '2Gi' } } } })
  expect(await scene.refusal(large)).toContain('maximum memory usage per Container is 512Mi')
})
