// The chart against the API server that MCPHUB_TEST_KUBECONFIG names; without one, or without Helm, there is nothing to ask. It alone knows
// whether it takes every object, what its admission policies refuse, and what an account may do.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../operator/src/config.ts'
import { buildPod } from '../../operator/src/pods/build-pod.ts'
import { stdioSpec } from '../../packages/api/src/crds/stdio-spec.ts'
import { effectiveLimits } from '../../packages/api/src/group-limits.ts'
import { until } from '../kit/wait-until.ts'
import { ChartCluster } from './api-server.ts'
import { COMBINATIONS } from './combinations.ts'
import { HELM, envOf, nameOf } from './helm.ts'
import type { Manifest, Rendered } from './helm.ts'
import { ALLOWED_IMAGES, ALLOWED_SECRETS, BAD_PODS, PRIORITY_CLASS, buildBadPod, buildGoodPod } from './pods.ts'

const kubeconfig = process.env['MCPHUB_TEST_KUBECONFIG']

/** Of other projects: whether they are right only their own definitions could tell. */
const FOREIGN = new Set(['ServiceMonitor', 'PrometheusRule', 'HTTPRoute'])
/** Really made: what judges, and what it needs. */
const MADE = new Set([
  'CustomResourceDefinition',
  'PriorityClass',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'ConfigMap',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
])

describe.skipIf(!kubeconfig || !HELM)('a real API server', () => {
  let cluster: ChartCluster
  let chart: Rendered
  const inBox = (manifest: Manifest): Manifest => ({
    ...manifest,
    metadata: { ...manifest.metadata, namespace: cluster.sandboxes },
  })
  const refusalOf = (pod: Manifest): Promise<string | null> => cluster.create(inBox(pod))
  const TAKEN = 'created (server dry run)'
  const CREATE = ['create', '--dry-run=server', '-f', '-']
  const createAs = (user: string, groups: readonly string[], manifest: unknown): Promise<string> =>
    cluster.as(user, groups, CREATE, manifest)
  const operatorAccount = (): string => `system:serviceaccount:${cluster.hub}:${cluster.release}-operator`

  beforeAll(async () => {
    cluster = await ChartCluster.open(kubeconfig!)
    chart = await cluster.render({
      'sandboxes.allowedSecrets': ALLOWED_SECRETS,
      'sandboxes.allowedImages': ALLOWED_IMAGES,
      'priorityClasses.sandboxName': PRIORITY_CLASS,
      'sandboxes.hostUsers': false,
      'images.registry': 'localhost',
    })
    for (const manifest of chart.all) if (MADE.has(manifest.kind)) await cluster.make(manifest)
    const last = BAD_PODS.at(-1)!
    await cluster.untilRefused(inBox(buildBadPod(last)), last.says)
  })
  afterAll(() => cluster.close())

  test.each(Object.entries(COMBINATIONS))('takes every object of: %s', async (_, values) => {
    const { all } = await cluster.render(values)
    const refused: string[] = []
    for (const manifest of all.filter(({ kind }) => !FOREIGN.has(kind))) {
      const placed = { ...manifest, metadata: { namespace: cluster.hub, ...manifest.metadata } }
      const why = await cluster.dryRun(placed)
      if (why !== null) refused.push(`${nameOf(manifest)}: ${why}`)
    }
    expect(refused).toEqual([])
  })

  test('the expressions of the policies fit the types they speak of', async () => {
    for (const { metadata } of chart.kind('ValidatingAdmissionPolicy')) {
      const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${metadata.name}`
      const status = await until(async () => {
        const policy = await cluster.get<{ status?: { typeChecking?: { expressionWarnings?: unknown[] } } }>(path)
        if (!policy.status?.typeChecking) throw new Error(`${metadata.name} is not checked yet`)
        return policy.status.typeChecking
      })
      expect(status.expressionWarnings ?? [], metadata.name).toEqual([])
    }
  })

  describe('the policy of pods', () => {
    test('takes a pod as it should be, from the operator', async () => {
      expect(await createAs(operatorAccount(), [], inBox(buildGoodPod()))).toContain(TAKEN)
    })

    test('BOX-3: from nobody else, whatever it says of its owner, but in an emergency', async () => {
      const ADMIN = ['system:masters']
      const owner = { apiVersion: 'mcphub.io/v1alpha1', kind: 'McpSandbox', name: 'hers', uid: 'abc', controller: true }
      const good = inBox(buildGoodPod())
      for (const more of [{}, { ownerReferences: [owner] }, { labels: { 'mcphub.io/pool': 'x' } }]) {
        const forged = { ...good, metadata: { ...good.metadata, ...more } }
        expect(await createAs('someone', ADMIN, forged)).toContain('made by the operator alone')
      }
      expect(await createAs('someone', [...ADMIN, 'mcphub:break-glass'], good)).toContain(TAKEN)
    })

    test('BOX-3: owner and labels of a pod stay as the operator made them, and a new container is none of its own', async () => {
      const name = 'standing'
      const good = buildGoodPod()
      const labels = { 'mcphub.io/server': 'x', 'app.kubernetes.io/name': 'mcphub' }
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: 'abc' }
      // of no node, so that it stays as it is; its priority class and account are real
      const spec = { ...good.spec, nodeSelector: { 'mcphub.io/none': 'x' } }
      await cluster.makeAs(operatorAccount(), inBox({ ...good, metadata: { name, labels }, spec } as Manifest))
      const patch = (body: object, ...more: string[]): Promise<string> => {
        const args = ['-n', cluster.sandboxes, 'patch', 'pod', name, '--dry-run=server', '-p', JSON.stringify(body)]
        return cluster.as('someone', ['system:masters'], [...args, ...more], {})
      }
      const CHANGED = 'changed by the operator alone'
      for (const key of Object.keys(labels)) {
        expect(await patch({ metadata: { labels: { [key]: 'other' } } })).toContain(CHANGED)
        expect(await patch({ metadata: { labels: { [key]: null } } })).toContain(CHANGED)
      }
      expect(await patch({ metadata: { annotations: { 'mcphub.io/x': 'y' } } })).toContain(CHANGED)
      expect(await patch({ metadata: { ownerReferences: [owner] } })).toContain(CHANGED)
      expect(await patch({ metadata: { labels: { team: 'a' } } })).toContain('patched')
      expect(await patch({ spec: { containers: [{ name: 'sandbox', image: `${image}1` }] } })).toContain(
        'as it was made',
      )
      expect(await patch({ spec: { activeDeadlineSeconds: 1 } })).toContain('as it was made')
      const debug = ['-n', cluster.sandboxes, 'debug', name, '--image=localhost/x', '--attach=false']
      expect(await cluster.as('someone', ['system:masters'], debug, {})).toMatch(/nobody (adds|enters)/)
      const more = { name: 'sandbox', resources: { limits: { cpu: '2' }, requests: { cpu: '2' } } }
      expect(await patch({ spec: { containers: [more] } }, '--subresource=resize')).toContain('or resizes it')
    })

    test.each(BAD_PODS)('BOX-1: refuses $name', async (bad) => {
      expect(await refusalOf(buildBadPod(bad))).toContain(bad.says)
    })

    const image = `localhost/server@sha256:${'0'.repeat(64)}`
    const npm = { npm: { name: 'x', version: '1.0.0' } }
    const STDIO = [
      ['a package of npm', { package: npm }],
      ['a package of PyPI', { package: { pypi: { name: 'x', version: '1.0' } } }],
      ['an image', { image, command: ['x'] }],
      ['a kept work folder', { package: npm, persistence: { mode: 'Retain' } }],
      ['limits of its own', { image, command: ['x'], resources: { cpu: '2', memory: '1Gi' } }],
    ] as const
    test.each(STDIO)("takes the operator's own pod of %s", async (_, spec) => {
      const env = envOf(chart.one('Deployment', `${cluster.release}-operator`))
      const owners = [
        { kind: 'sandbox', name: 'x-1', uid: '0', userRef: 'abc', number: 1 },
        { kind: 'pool', uid: '0', suffix: 'abcde' },
      ] as const
      for (const delivery of ['InitContainer', 'ImageVolume']) {
        const { pods: settings } = readConfig({
          ...env,
          MCPHUB_POD_NAME: 'one',
          MCPHUB_SHIM_DELIVERY: delivery,
          KUBECONFIG: kubeconfig,
        })
        const template = { server: { name: 'x', stdio: stdioSpec.parse(spec) }, limits: effectiveLimits([]), settings }
        // a pool's pod keeps nothing: the definition refuses both together
        for (const owner of 'persistence' in spec ? owners.slice(0, 1) : owners) {
          const pod = { apiVersion: 'v1', kind: 'Pod', ...buildPod(template, owner) } as unknown as Manifest
          expect(await createAs(operatorAccount(), [], pod)).toContain(TAKEN)
        }
      }
    })

    test("holds in the sandboxes' namespace alone", async () => {
      const pod = buildBadPod(BAD_PODS.find(({ name }) => name === 'service links')!)
      const elsewhere = { ...pod, metadata: { ...pod.metadata, namespace: cluster.hub } } as Manifest
      expect(await cluster.create(elsewhere)).not.toContain('ValidatingAdmissionPolicy')
    })
  })

  test("PodSecurity takes the same pod by the labels of the sandboxes' namespace, and refuses a plain one", async () => {
    const namespace = `chart-psa-${process.pid}`
    const rendered = (await cluster.render()).one('Namespace', cluster.sandboxes)
    await cluster.make({ ...rendered, metadata: { ...rendered.metadata, name: namespace } })
    const account = chart.one('ServiceAccount', 'mcphub-sandbox')
    await cluster.make({ ...account, metadata: { name: account.metadata.name, namespace } })
    const placed = (pod: Manifest): Manifest => ({ ...pod, metadata: { ...pod.metadata, namespace } })
    expect(await cluster.create(placed(buildGoodPod()))).toBeNull()
    const root = buildBadPod(BAD_PODS.find(({ name }) => name === 'perhaps root')!)
    expect(await cluster.create(placed(root))).toContain('violates PodSecurity "restricted:v1.33"')
  })

  describe('nobody enters a sandbox', () => {
    const ADMIN = ['system:masters']
    const enter = (what: string, groups: readonly string[]): Promise<string> => {
      const path = `/api/v1/namespaces/${cluster.sandboxes}/pods/nobody/${what}`
      return cluster.as('someone', groups, ['create', '--raw', path, '-f', '-'], {})
    }
    test.each(['exec?command=id', 'attach', 'portforward', 'proxy'])('%s', async (what) => {
      expect(await enter(what, ADMIN)).toContain('nobody enters a sandbox')
      expect(await enter(what, [...ADMIN, 'mcphub:break-glass'])).not.toContain('nobody enters a sandbox')
    })
  })

  describe('who may edit in the namespace, and is no administrator of it', () => {
    const edit = (args: readonly string[], manifest: unknown = {}, user = 'editor'): Promise<string> =>
      cluster.as(user, [], ['-n', cluster.sandboxes, ...args], manifest)
    const CREATED = 'created (server dry run)'
    const meta = (name: string): object => ({ name, namespace: cluster.sandboxes })
    const ingress = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] }
    const openTo = (spec: object, name = 'open'): object => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta(name),
      spec,
    })
    const mapOf = (name: string, data?: object): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta(name),
      ...(data && { data }),
    })

    beforeAll(async () => {
      await cluster.make({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'editor', namespace: cluster.sandboxes },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'editor' }],
      } as unknown as Manifest)
    })

    test('may do what has nothing to do with the hub', async () => {
      await until(async () => expect(await edit(CREATE, mapOf('free', { a: 'b' }))).toContain(CREATED))
    })

    test('BOX-3: gives shims no key to obey, and packages no other lock', async () => {
      for (const data of [{ 'keys.pem': 'mine' }, { 'ca.crt': 'mine' }]) {
        const patch = ['patch', 'configmap', 'mcphub-trust', '--type=merge', '-p', JSON.stringify({ data })]
        expect(await edit([...patch, '--dry-run=server'])).toContain('written by the gateways alone')
      }
      expect(await edit(CREATE, mapOf('mcphub-lock-x', { a: 'b' }))).toContain('may change its McpServer')
      const label = ['label', 'configmap', 'mcphub-trust', 'team=a', '--dry-run=server']
      expect(await edit(label)).toContain('labeled')
    })

    test('BOX-4: opens no sandbox by a policy, changes none and takes none away; closing all is no harm', async () => {
      const SAYS = 'decided by the operator alone'
      expect(await edit(CREATE, openTo(ingress))).toContain(SAYS)
      expect(await edit(CREATE, openTo({ podSelector: {}, policyTypes: ['Egress'], egress: [{}] }))).toContain(SAYS)
      const closed = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }
      expect(await edit(CREATE, openTo(closed))).toContain(CREATED)
      await cluster.make(openTo(closed) as Manifest)
      const patch = (spec: object): string[] => ['patch', 'networkpolicy', 'open', '-p', JSON.stringify({ spec })]
      expect(await edit([...patch({ ingress: [{}] }), '--dry-run=server'])).toContain(SAYS)
      const other = patch({ podSelector: { matchLabels: { no: 'one' } } })
      expect(await edit([...other, '--dry-run=server'])).toContain(SAYS)
      expect(await edit(['delete', 'networkpolicy', 'open', '--dry-run=server'])).toContain(SAYS)
      expect(await createAs(operatorAccount(), ['system:masters'], openTo(ingress, 'more'))).toContain(CREATED)
    })

    test('BOX-6: gets no token that a gateway would believe', async () => {
      const args = ['create', 'token', 'mcphub-sandbox', '--audience=mcphub-gateway']
      expect(await edit(args)).toContain('asked for by the kubelets alone')
    })

    test('BOX-3: leaves a pod its owner and its image', async () => {
      const name = 'owned'
      const good = buildGoodPod()
      const path = `/api/v1/namespaces/${cluster.sandboxes}/configmaps/mcphub-trust`
      const { uid } = (await cluster.get<{ metadata: { uid: string } }>(path)).metadata
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'mcphub-trust', uid, controller: true }
      const spec = { ...good.spec, nodeSelector: { 'mcphub.io/none': 'x' } }
      await cluster.makeAs(
        operatorAccount(),
        inBox({ ...good, metadata: { name, ownerReferences: [owner] }, spec } as Manifest),
      )
      const patch = (body: object): Promise<string> =>
        edit(['patch', 'pod', name, '--type=merge', '--dry-run=server', '-p', JSON.stringify(body)])
      expect(await patch({ metadata: { ownerReferences: null } })).toContain('owner of a pod is changed')
      expect(await patch({ spec: { activeDeadlineSeconds: 1 } })).toContain('as it was made')
    })
  })

  describe('labels of mcphub.io', () => {
    const server = (metadata: object): Manifest => ({
      apiVersion: 'mcphub.io/v1alpha1',
      kind: 'McpServer',
      metadata: { name: 'labels', namespace: cluster.sandboxes, ...metadata },
      spec: { type: 'Remote', remote: { url: 'https://example.com/mcp' } },
    })
    const SAYS = 'of mcphub.io are set by the hub alone'

    test.each([
      ['a label', { labels: { 'mcphub.io/server': 'other' } }],
      ['a label of a subdomain', { labels: { 'x.mcphub.io/y': 'z' } }],
      ['an annotation', { annotations: { 'mcphub.io/pool': 'x' } }],
    ])('BOX-3: nobody sets %s', async (_, metadata) => {
      expect(await cluster.create(server(metadata))).toContain(SAYS)
    })

    test('BOX-3: others are free, and the hub sets its own', async () => {
      const free = { labels: { 'example.com/mcphub.io': 'x', 'notmcphub.io/x': 'y', team: 'a' } }
      expect(await cluster.create(server(free))).toBeNull()
      const sandbox = {
        ...server({ labels: { 'mcphub.io/user-hash': 'abc' }, name: 'box' }),
        kind: 'McpSandbox',
        spec: { serverRef: { name: 'labels', uid: 'abc' }, operatingMode: 'Auto' },
      }
      const gateway = `system:serviceaccount:${cluster.hub}:${cluster.release}-gateway`
      expect(await createAs(gateway, [], sandbox)).toContain(TAKEN)
      const plain = { ...sandbox, metadata: { name: 'box', namespace: cluster.sandboxes } }
      expect(await createAs('someone', ['system:masters'], plain)).toContain('sandboxes are made by the hub alone')
    })

    test('BOX-3: what is there can be neither changed nor taken away, and does not stand in the way', async () => {
      const args = ['apply', '--server-side', '--field-manager=hub', '-f', '-']
      const labels = { 'mcphub.io/server': 'labels' }
      await cluster.as(operatorAccount(), ['system:masters'], args, server({ labels }))
      const merge = (metadata: object): Promise<string> =>
        cluster.as(
          'someone',
          ['system:masters'],
          ['-n', cluster.sandboxes, 'patch', 'mcps', 'labels', '--type=merge', '-p', JSON.stringify({ metadata })],
          {},
        )
      expect(await merge({ labels: { 'mcphub.io/server': 'other' } })).toContain(SAYS)
      expect(await merge({ labels: { 'mcphub.io/server': null } })).toContain(SAYS)
      expect(await merge({ labels: { team: 'b' } })).toContain('patched')
    })
  })

  describe('rights', () => {
    const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
    const FOLLOW = ['list', 'watch']
    const READ = ['get', ...FOLLOW]
    /** Everything that is not listed for an account must be refused. */
    const RESOURCES = [
      'mcpservers.mcphub.io',
      'usergroups.mcphub.io',
      'mcpsandboxes.mcphub.io',
      'mcpservers.mcphub.io/status',
      'mcpsandboxes.mcphub.io/status',
      'mcpsandboxes.mcphub.io/finalizers',
      'pods',
      'pods/exec',
      'pods/ephemeralcontainers',
      'secrets',
      'configmaps',
      'serviceaccounts',
      'serviceaccounts/token',
      'persistentvolumeclaims',
      'networkpolicies.networking.k8s.io',
      'events.events.k8s.io',
      'leases.coordination.k8s.io',
      'roles.rbac.authorization.k8s.io',
      'rolebindings.rbac.authorization.k8s.io',
      'deployments.apps',
    ]
    type Rights = Readonly<Record<string, readonly string[]>>
    const GATEWAY: Rights = {
      'mcpservers.mcphub.io': READ,
      'usergroups.mcphub.io': READ,
      'mcpsandboxes.mcphub.io': [...READ, 'create', 'patch', 'delete'],
      pods: FOLLOW,
    }
    const OPERATOR: Rights = {
      'mcpservers.mcphub.io': READ,
      'usergroups.mcphub.io': READ,
      'mcpsandboxes.mcphub.io': [...READ, 'delete'],
      'mcpservers.mcphub.io/status': ['patch'],
      'mcpsandboxes.mcphub.io/status': ['patch'],
      'mcpsandboxes.mcphub.io/finalizers': ['update'],
      pods: [...READ, 'create', 'patch', 'delete'],
      persistentvolumeclaims: [...READ, 'create', 'delete'],
      'networkpolicies.networking.k8s.io': [...FOLLOW, 'create', 'patch'],
      'events.events.k8s.io': ['create', 'patch'],
    }
    const ACCOUNTS: readonly [who: string, inBoxes: Rights, inHub: Rights][] = [
      ['gateway', GATEWAY, {}],
      ['operator', OPERATOR, { 'leases.coordination.k8s.io': ['get', 'create', 'patch'] }],
      ['sandbox', {}, {}],
    ]

    test.each(ACCOUNTS)('OPR-8: the %s may what the table says, and nothing else', async (who, inBoxes, inHub) => {
      const account =
        who === 'sandbox' ? `${cluster.sandboxes}:mcphub-sandbox` : `${cluster.hub}:${cluster.release}-${who}`
      const places: readonly [string, Rights][] = [
        [cluster.sandboxes, inBoxes],
        [cluster.hub, inHub],
        ['kube-system', {}],
      ]
      for (const [namespace, rights] of places) {
        for (const resource of RESOURCES) {
          const answers = await Promise.all(VERBS.map((verb) => cluster.may(account, verb, resource, { namespace })))
          const allowed = VERBS.filter((_verb, n) => answers[n])
          expect(allowed.sort(), `${resource} in ${namespace}`).toEqual([...(rights[resource] ?? [])].sort())
        }
      }
    })

    test('OPR-8: of the whole cluster the gateway asks whose token it is, nobody anything else', async () => {
      const [gateway, operator] = ['gateway', 'operator'].map((who) => `${cluster.hub}:${cluster.release}-${who}`)
      const sandbox = `${cluster.sandboxes}:mcphub-sandbox`
      const review = 'tokenreviews.authentication.k8s.io'
      expect(await cluster.may(gateway!, 'create', review)).toBe(true)
      for (const account of [operator!, sandbox]) expect(await cluster.may(account, 'create', review)).toBe(false)
      for (const account of [gateway!, operator!, sandbox]) {
        for (const resource of ['namespaces', 'nodes', 'customresourcedefinitions.apiextensions.k8s.io', 'secrets']) {
          expect(await cluster.may(account, 'list', resource), `${account} ${resource}`).toBe(false)
        }
      }
    })

    test('OPR-8: the gateway writes the one ConfigMap that sandboxes trust', async () => {
      const gateway = `${cluster.hub}:${cluster.release}-gateway`
      const trust = { namespace: cluster.sandboxes, name: 'mcphub-trust' }
      for (const verb of ['get', 'patch']) expect(await cluster.may(gateway, verb, 'configmaps', trust)).toBe(true)
      for (const verb of ['delete', 'update']) expect(await cluster.may(gateway, verb, 'configmaps', trust)).toBe(false)
      expect(await cluster.may(gateway, 'patch', 'configmaps', { ...trust, name: 'mcphub-lock-x' })).toBe(false)
    })
  })
})
