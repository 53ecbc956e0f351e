// What Helm makes of the chart: many values, judged as plain data. Without Helm (test/cluster builds it) there is nothing to render.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readConfig as readGatewayConfig } from '../../gateway/src/config.ts'
import { readConfig as readOperatorConfig } from '../../operator/src/config.ts'
import { COMBINATIONS } from './combinations.ts'
import { CHART, HELM, NAMESPACE, SANDBOXES, at, containerOf, envOf, helm, nameOf, render } from './helm.ts'
import type { Manifest, Rendered } from './helm.ts'
import { BAD_PODS } from './pods.ts'

const KEEP = 'helm.sh/resource-policy'
const HUB_PODS = ['Deployment/mcphub-gateway', 'Deployment/mcphub-operator', 'StatefulSet/mcphub-database']

interface Volume {
  readonly name: string
  readonly secret?: { readonly secretName: string; readonly defaultMode: number }
}

describe.skipIf(!HELM)('the chart', () => {
  let plain: Rendered
  let full: Rendered
  beforeAll(async () => {
    plain = await render()
    full = await render(COMBINATIONS['everything on'])
  })
  const templates = (rendered: Rendered): Manifest[] =>
    rendered.all.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Pod'].includes(kind))
  const specOf = (manifest: Manifest): unknown => at(manifest, manifest.kind === 'Pod' ? 'spec' : 'spec.template.spec')

  test('passes `helm lint --strict`, with no values and with many', async () => {
    expect(await helm('lint', '--strict', CHART)).toContain('0 chart(s) failed')
    const set = ['--set', 'metrics.serviceMonitor.enabled=true,ingress.enabled=true,ingress.hosts={a.example}']
    expect(await helm('lint', '--strict', CHART, ...set)).toContain('0 chart(s) failed')
  })

  test('without values: two gateways, two operators, a database, and everything that holds them', () => {
    expect(at(plain.one('Deployment', 'mcphub-gateway'), 'spec.replicas')).toBe(2)
    expect(at(plain.one('Deployment', 'mcphub-operator'), 'spec.replicas')).toBe(2)
    expect(plain.kind('CustomResourceDefinition')).toHaveLength(3)
    expect(plain.kind('ValidatingAdmissionPolicy')).toHaveLength(6)
    expect(plain.kind('ValidatingAdmissionPolicyBinding')).toHaveLength(6)
    expect(plain.kind('PodDisruptionBudget').map(nameOf).sort()).toEqual([
      'PodDisruptionBudget/mcphub-gateway',
      'PodDisruptionBudget/mcphub-operator',
    ])
    expect(plain.kind('Service').map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['mcphub', 'mcphub-internal', 'mcphub-peers', 'mcphub-database']),
    )
    for (const kind of ['Ingress', 'HTTPRoute', 'HorizontalPodAutoscaler', 'ServiceMonitor', 'PrometheusRule'])
      expect(plain.kind(kind)).toEqual([])
  })

  test.each(Object.entries(COMBINATIONS))(
    '%s: no name twice, none too long, no object without labels',
    async (_, values) => {
      const { all } = await render(values)
      const names = all.map((each) => `${each.metadata.namespace ?? ''}/${nameOf(each)}`)
      expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([])
      expect(all.filter(({ metadata }) => metadata.name.length > 63).map(nameOf)).toEqual([])
      const own = all.filter(
        ({ kind, metadata }) => kind !== 'CustomResourceDefinition' && !/-(more|text)$/.test(metadata.name),
      )
      expect(
        own.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/part-of'] !== 'mcphub').map(nameOf),
      ).toEqual([])
    },
  )

  test('a long release name still gives names that fit', async () => {
    const { all } = await render({}, { release: 'a'.repeat(53), namespace: NAMESPACE })
    expect(
      all.filter(({ kind, metadata }) => metadata.name.length > 63 && !kind.startsWith('Cluster')).map(nameOf),
    ).toEqual([])
  })

  test('stays when the release goes: definitions, sandboxes and their default deny, key ring, password', () => {
    const kept = plain.all.filter(({ metadata }) => metadata.annotations?.[KEEP] === 'keep').map(nameOf)
    expect(kept.sort()).toEqual([
      'CustomResourceDefinition/mcpsandboxes.mcphub.io',
      'CustomResourceDefinition/mcpservers.mcphub.io',
      'CustomResourceDefinition/usergroups.mcphub.io',
      `Namespace/${SANDBOXES}`,
      'NetworkPolicy/mcphub-default-deny',
    ])
    // hooks are no part of a release; that they are made only where there are none, test/chart/lifecycle.int.test.ts shows
    for (const name of ['mcphub-keyring', 'mcphub-database'])
      expect(plain.one('Secret', name).metadata.annotations).toMatchObject({
        'helm.sh/hook': 'pre-install,pre-upgrade',
        'helm.sh/hook-delete-policy': 'hook-failed',
      })
    expect(at(plain.one('StatefulSet', 'mcphub-database'), 'spec.persistentVolumeClaimRetentionPolicy')).toEqual({
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    })
  })

  test('definitions are not kept, or not there, where the values say so', async () => {
    const loose = await render({ 'crds.keep': false })
    expect(loose.kind('CustomResourceDefinition').map(({ metadata }) => metadata.annotations?.[KEEP])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect((await render({ 'crds.enabled': false })).kind('CustomResourceDefinition')).toEqual([])
  })

  describe('each thing of the cluster can be left out by itself', () => {
    const CLUSTER = new Map([
      ['crds.enabled', ['CustomResourceDefinition']],
      ['rbac.tokenReview', ['ClusterRole', 'ClusterRoleBinding']],
      ['priorityClasses.create', ['PriorityClass']],
      ['sandboxes.namespace.create', ['Namespace']],
    ])
    test.each([...CLUSTER])('%s', async (value, kinds) => {
      const without = await render({ [value]: false })
      const gone = plain.all.filter((each) => !without.all.some((other) => nameOf(other) === nameOf(each)))
      expect(new Set(gone.map(({ kind }) => kind))).toEqual(new Set(kinds))
    })

    test.each([
      ['pods', ['mcphub-hub-sandbox-pods']],
      ['connect', ['mcphub-hub-sandbox-connect']],
      ['labels', ['mcphub-hub-reserved-labels']],
      ['trust', ['mcphub-hub-sandbox-network', 'mcphub-hub-sandbox-tokens', 'mcphub-hub-sandbox-trust']],
    ])('admissionPolicies.%s', async (value, names) => {
      const { all } = await render({ [`admissionPolicies.${value}`]: false })
      const policies = (objects: readonly Manifest[]): string[] =>
        objects.filter(({ kind }) => kind.startsWith('ValidatingAdmission')).map(nameOf)
      expect(
        policies(plain.all)
          .filter((each) => !policies(all).includes(each))
          .sort(),
      ).toEqual(
        ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'].flatMap((kind) =>
          names.map((name) => `${kind}/${name}`),
        ),
      )
    })

    test('and then nothing of the release belongs to the cluster', async () => {
      const { all } = await render(COMBINATIONS['nothing of the cluster'])
      expect(all.filter(({ metadata }) => metadata.namespace === undefined).map(nameOf)).toEqual([])
    })
  })

  describe('every pod of the hub', () => {
    test('is hardened: user, root, capabilities, seccomp, limits, no token it does not need', () => {
      expect(templates(plain).map(nameOf).sort()).toEqual([...HUB_PODS, 'Pod/mcphub-test'].sort())
      for (const manifest of [...templates(plain), ...templates(full)]) {
        const spec = specOf(manifest)
        const name = nameOf(manifest)
        expect(at(spec, 'securityContext'), name).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        })
        expect(at<number>(spec, 'securityContext.runAsUser'), name).toBeGreaterThan(0)
        expect(at(containerOf(manifest), 'securityContext'), name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(at(containerOf(manifest), 'resources.limits.memory'), name).toBeTruthy()
        expect(at(spec, 'enableServiceLinks'), name).toBe(false)
        const needsToken = ['Deployment/mcphub-gateway', 'Deployment/mcphub-operator'].includes(name)
        expect(at(spec, 'automountServiceAccountToken'), name).toBe(needsToken)
      }
    })

    test('spreads over zones and nodes, and prefers the higher priority', () => {
      for (const name of ['mcphub-gateway', 'mcphub-operator']) {
        const spec = specOf(plain.one('Deployment', name))
        const spread = at<{ topologyKey: string; whenUnsatisfiable: string }[]>(spec, 'topologySpreadConstraints')
        expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
          'topology.kubernetes.io/zone',
          'kubernetes.io/hostname',
        ])
        expect(at(spec, 'priorityClassName')).toBe('mcphub-hub')
      }
      expect(at(specOf(full.one('Deployment', 'mcphub-gateway')), 'topologySpreadConstraints')).toBeUndefined()
      expect(at(specOf(full.one('Deployment', 'mcphub-operator')), 'priorityClassName')).toBe('system-cluster-critical')
      expect(at(plain.one('PriorityClass', 'mcphub-sandbox'), 'preemptionPolicy')).toBe('Never')
    })

    test('takes every Secret from a file that only its own group reads; none stands in its environment', () => {
      for (const manifest of templates(plain)) {
        const volumes = at<Volume[]>(specOf(manifest), 'volumes')
        for (const { secret } of volumes) if (secret) expect(secret.defaultMode).toBe(0o440)
        const fromSecrets = containerOf(manifest).env.filter(({ valueFrom }) =>
          JSON.stringify(valueFrom ?? '').includes('secretKeyRef'),
        )
        // the test must know where the database is, to show that sandboxes do not reach it
        expect(fromSecrets.map(({ name }) => name)).toEqual(manifest.kind === 'Pod' ? ['DATABASE_HOST_URL'] : [])
      }
    })

    test('finds each mount among its volumes', () => {
      for (const manifest of [...templates(plain), ...templates(full)]) {
        const known = at<Volume[]>(specOf(manifest), 'volumes').map(({ name }) => name)
        const claims = at<{ metadata: { name: string } }[] | undefined>(manifest, 'spec.volumeClaimTemplates') ?? []
        const all = [...known, ...claims.map(({ metadata }) => metadata.name)]
        const mounted = containerOf(manifest).volumeMounts.map(({ name }) => name)
        expect(mounted.filter((name) => !all.includes(name))).toEqual([])
        expect(all.filter((name) => !mounted.includes(name))).toEqual([])
      }
    })

    test('carries what its values add', () => {
      const gateway = full.one('Deployment', 'mcphub-gateway')
      expect(at(gateway, 'spec.template.metadata.labels.tier')).toBe('front')
      expect(at(gateway, 'spec.template.metadata.labels.team')).toBe('platform')
      expect(gateway.metadata.annotations).toEqual({ 'example.com/owner': 'platform' })
      expect(at(specOf(gateway), 'imagePullSecrets')).toEqual([{ name: 'registry-credentials' }])
      expect(envOf(gateway)).toMatchObject({
        MCPHUB_CALLS_PER_USER: '64',
        HTTPS_PROXY: 'http://proxy.example:3128',
        NO_PROXY: 'localhost,127.0.0.1,.svc,.cluster.local,10.0.0.0/8',
        NODE_EXTRA_CA_CERTS: '/etc/mcphub/ca/ca.crt',
      })
      expect(full.one('ConfigMap', 'mcphub-more')).toBeDefined()
      expect(full.one('ConfigMap', 'mcphub-text')).toBeDefined()
      expect(at(gateway, 'spec.replicas')).toBeUndefined()
      expect(at(full.one('HorizontalPodAutoscaler', 'mcphub-gateway'), 'spec.minReplicas')).toBe(2)
    })
  })

  describe('environment', () => {
    test("the operator's is one that it takes", () => {
      for (const rendered of [plain, full]) {
        const config = readOperatorConfig({
          ...envOf(rendered.one('Deployment', 'mcphub-operator')),
          MCPHUB_POD_NAME: 'one',
          KUBERNETES_SERVICE_HOST: '10.96.0.1',
          KUBERNETES_SERVICE_PORT: '443',
        })
        expect(config).toMatchObject({ namespace: NAMESPACE, healthPort: 8081, metricsPort: 8080 })
        expect(config.pods).toMatchObject({
          namespace: SANDBOXES,
          instance: 'mcphub',
          callHomeUrl: `https://mcphub-internal.${NAMESPACE}.svc:8443/internal/call-home`,
          priorityClass: 'mcphub-sandbox',
        })
      }
    })

    test("the gateway's is one that it takes, in `helm test` too", () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'mcphub-chart-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      for (const name of ['url', 'keyring.json']) writeFileSync(path.join(folder, name), 'postgresql://x')
      mkdirSync(path.join(folder, 'secrets'))
      writeFileSync(path.join(folder, 'secrets/github'), 'canary-client-secret')
      const providers = at<string>(full.one('ConfigMap', 'mcphub-login'), 'data')['providers.yaml' as never] as string
      writeFileSync(path.join(folder, 'providers.yaml'), providers)
      for (const manifest of [plain, full].flatMap((each) => [
        each.one('Deployment', 'mcphub-gateway'),
        each.one('Pod', 'mcphub-test'),
      ])) {
        const { MCPHUB_LOGIN_FILE: list, ...env } = envOf(manifest)
        const config = readGatewayConfig({
          ...env,
          ...(list === undefined ? {} : { MCPHUB_LOGIN_FILE: path.join(folder, path.basename(list)) }),
          MCPHUB_DATABASE_URL_FILE: path.join(folder, 'url'),
          MCPHUB_KEYRING_FILE: path.join(folder, 'keyring.json'),
          MCPHUB_POD_NAME: 'one',
          MCPHUB_POD_IP: '10.0.0.1',
          KUBERNETES_SERVICE_HOST: '10.96.0.1',
          KUBERNETES_SERVICE_PORT: '443',
        })
        expect(config).toMatchObject({
          mode: 'kubernetes',
          port: 3000,
          metricsPort: 9090,
          loopbackOnly: false,
          cluster: { namespace: NAMESPACE, sandboxNamespace: SANDBOXES },
        })
      }
    })

    test('how people log in: as the values say it, the secrets from a file each, and pods anew when the list changes', async () => {
      const gateway = full.one('Deployment', 'mcphub-gateway')
      expect(envOf(gateway)).toMatchObject({
        ...{ MCPHUB_CONSOLE: 'on', MCPHUB_CONSOLE_IDLE_SECONDS: '3600', MCPHUB_CONSOLE_MAX_SECONDS: '86400' },
        ...{ MCPHUB_LOGIN_LOCAL: 'off', MCPHUB_CLAIMS_DAYS: '7', MCPHUB_LOGIN_DAYS: '14' },
        MCPHUB_LOGIN_FILE: '/etc/mcphub/login/providers.yaml',
      })
      expect(at<Volume[]>(specOf(gateway), 'volumes').find(({ name }) => name === 'login')).toEqual({
        name: 'login',
        projected: {
          defaultMode: 0o440,
          sources: [
            { configMap: { name: 'mcphub-login' } },
            { secret: { name: 'login-secrets', items: [{ key: 'github', path: 'secrets/github' }] } },
          ],
        },
      })
      expect(envOf(plain.one('Deployment', 'mcphub-gateway'))['MCPHUB_LOGIN_FILE']).toBeUndefined()
      expect(plain.kind('ConfigMap').map(nameOf)).not.toContain('ConfigMap/mcphub-login')
      const markOf = (rendered: Rendered): unknown =>
        at(rendered.one('Deployment', 'mcphub-gateway'), 'spec.template.metadata.annotations')
      const login = COMBINATIONS['everything on']!['login'] as { readonly providers: readonly object[] }
      const other = { ...login, providers: login.providers.slice(0, 1) }
      const changed = await render({ ...COMBINATIONS['everything on'], login: other })
      expect(markOf(full)).not.toEqual(markOf(changed))
      expect(markOf(full)).toMatchObject({ 'example.com/scrape': 'no' })
    })

    test('the gateway listens for all, and knows the names it is asked by', () => {
      expect(envOf(plain.one('Deployment', 'mcphub-gateway'))).toMatchObject({
        MCPHUB_MODE: 'kubernetes',
        MCPHUB_HOST: '0.0.0.0',
        MCPHUB_KEYRING_FILE: '/etc/mcphub/keyring/keyring.json',
        MCPHUB_DATABASE_URL_FILE: '/etc/mcphub/database/url',
        MCPHUB_SANDBOX_NAMESPACE: SANDBOXES,
        MCPHUB_PEERS_SERVICE: `mcphub-peers.${NAMESPACE}.svc`,
        MCPHUB_INTERNAL_NAME: `mcphub-internal.${NAMESPACE}.svc`,
      })
      expect(envOf(full.one('Deployment', 'mcphub-gateway'))['MCPHUB_TRUSTED_PROXIES']).toBe('0')
      expect(envOf(full.one('Deployment', 'mcphub-gateway'))['MCPHUB_PUBLIC_HOSTS']).toBe(
        `mcp.example.com,mcphub,mcphub.${NAMESPACE},mcphub.${NAMESPACE}.svc,mcphub.${NAMESPACE}.svc.cluster.local`,
      )
    })

    test('images: by digest where there is one, else by tag, from the registry named', async () => {
      const digest = `sha256:${'1'.repeat(64)}`
      const rendered = await render({
        'images.registry': 'registry.example/hub',
        'images.tag': '9',
        'images.gateway.digest': digest,
        'images.shim.tag': '8',
      })
      const gateway = rendered.one('Deployment', 'mcphub-gateway')
      expect(containerOf(gateway).image).toBe(`registry.example/hub/mcphub-gateway@${digest}`)
      const operator = rendered.one('Deployment', 'mcphub-operator')
      expect(containerOf(operator).image).toBe('registry.example/hub/mcphub-operator:9')
      expect(envOf(operator)).toMatchObject({ MCPHUB_SHIM_IMAGE: 'registry.example/hub/mcphub-shim:8' })
    })

    test('operator and admission policy hold the same lists, the hub its own images among them', () => {
      const env = envOf(full.one('Deployment', 'mcphub-operator'))
      const parameters = at<Record<string, string>>(full.one('ConfigMap', 'mcphub-admission'), 'data')
      expect(parameters).toMatchObject({
        images: env['MCPHUB_ALLOWED_IMAGES'],
        secrets: 'org-token,registry-credentials,npm',
        priorityClass: env['MCPHUB_PRIORITY_CLASS'],
        hostUsers: 'false',
      })
      expect(env['MCPHUB_ALLOWED_SECRETS']).toBe(parameters['secrets'])
      for (const image of ['MCPHUB_NODE_IMAGE', 'MCPHUB_PYTHON_IMAGE', 'MCPHUB_SHIM_IMAGE'])
        expect(env['MCPHUB_ALLOWED_IMAGES']!.split(',')).toContain(env[image])
      expect(envOf(plain.one('Deployment', 'mcphub-operator'))['MCPHUB_ALLOWED_IMAGES']).toBe('')
    })
  })

  describe('secrets', () => {
    const dataOf = (rendered: Rendered, name: string): Record<string, string> =>
      rendered.one('Secret', name)['data'] as Record<string, string>
    const decode = (text: string): string => Buffer.from(text, 'base64').toString()

    test('a key ring as the gateway reads it, and a password that stands in the URL', () => {
      const ring = JSON.parse(decode(dataOf(plain, 'mcphub-keyring')['keyring.json']!)) as never[]
      expect(ring).toEqual([{ id: expect.stringMatching(/^[a-z0-9]{12}$/), key: expect.any(String) }])
      expect(Buffer.from(at<string>(ring[0], 'key'), 'base64')).toHaveLength(32)
      const { url, password } = dataOf(plain, 'mcphub-database')
      expect(decode(url!)).toBe(`postgresql://mcphub:${decode(password!)}@mcphub-database.${NAMESPACE}.svc:5432/mcphub`)
      expect(decode(password!)).toMatch(/^[A-Za-z0-9]{40}$/)
    })

    test('with existing ones none is made, and those are mounted', async () => {
      const rendered = await render(COMBINATIONS['existing Secrets, as GitOps renders'])
      expect(rendered.kind('Secret')).toEqual([])
      const used = (name: string): (string | undefined)[] =>
        at<Volume[]>(specOf(rendered.one(...(name.split('/') as [string, string]))), 'volumes').map(
          ({ secret }) => secret?.secretName,
        )
      expect(used('Deployment/mcphub-gateway')).toEqual(expect.arrayContaining(['sealed-keyring', 'sealed-database']))
      expect(used('StatefulSet/mcphub-database')).toContain('sealed-database')
    })

    test('with a database elsewhere there is none here, and nothing else lies in the Secret', async () => {
      const rendered = await render(COMBINATIONS['a database of yours by URL'])
      expect(rendered.kind('StatefulSet')).toEqual([])
      expect(rendered.kind('NetworkPolicy').map(nameOf)).not.toContain('NetworkPolicy/mcphub-database')
      expect(Object.keys(dataOf(rendered, 'mcphub-database-url'))).toEqual(['url'])
    })
  })

  describe('refuses, in a sentence that names the value', () => {
    test.each<[string, Record<string, unknown>, string]>([
      ['a misspelt value', { 'gateway.replica': 3 }, "additional properties 'replica' not allowed"],
      ['a value of the wrong type', { 'gateway.replicas': 'two' }, '/gateway/replicas'],
      ['a digest that is none', { 'images.gateway.digest': 'sha256:abc' }, '/images/gateway/digest'],
      [
        'PodSecurity of a version that is none',
        { 'sandboxes.podSecurityVersion': '1.33' },
        '/sandboxes/podSecurityVersion',
      ],
      ['one namespace for both', { 'sandboxes.namespace.name': NAMESPACE }, "must not be the hub's own namespace"],
      ['GitOps without a key ring', { 'secrets.generate': false }, 'keyRing.existingSecret'],
      [
        'GitOps without a password',
        { 'secrets.generate': false, 'keyRing.existingSecret': 'x' },
        'database.existingSecret',
      ],
      ['no database at all', { 'database.bundled.enabled': false }, 'database: give url or existingSecret'],
      ['two databases', { 'database.url': 'postgresql://x' }, 'set database.bundled.enabled to false'],
      [
        'a URL and a Secret',
        { 'database.bundled.enabled': false, 'database.url': 'x', 'database.existingSecret': 'y' },
        'give url or existingSecret, not both',
      ],
      ['an Ingress without a host', { 'ingress.enabled': true }, 'ingress.hosts'],
      ['a route without a Gateway', { 'httpRoute.enabled': true }, 'httpRoute.parentRefs'],
      [
        'a provider without its secret',
        { 'login.providers': [{ id: 'github', kind: 'github', clientId: 'x' }] },
        'login.existingSecret: name the Secret that holds the client secret of "github" under the key github',
      ],
      [
        'a secret among the values',
        { 'login.providers': [{ id: 'sso', kind: 'oidc', clientId: 'x', clientSecret: 'y' }] },
        '/login/providers/0/clientSecret',
      ],
      [
        'providers and a plain address',
        { 'gateway.publicUrl': 'http://mcp.example', 'login.providers': [{ id: 'sso', kind: 'oidc', clientId: 'x' }] },
        'gateway.publicUrl: providers send people back to it',
      ],
      ['two bundles', { caBundle: { existingConfigMap: 'a', existingSecret: 'b' } }, 'not both'],
      [
        'an account nobody names',
        { 'serviceAccounts.gateway.create': false },
        'serviceAccounts.gateway.name: name the ServiceAccount',
      ],
    ])('%s', async (_, values, says) => {
      await expect(render(values)).rejects.toThrow(says)
    })

    test('Kubernetes before 1.33', async () => {
      const args = ['template', 'mcphub', CHART, '--kube-version', 'v1.32.9']
      await expect(helm(...args)).rejects.toThrow('chart requires kubeVersion: >=1.33.0-0')
    })
  })

  test('every rule of the policy of pods has a pod that only it refuses', () => {
    const all = at<{ message: string; expression: string }[]>(
      plain.one('ValidatingAdmissionPolicy', 'mcphub-hub-sandbox-pods'),
      'spec.validations',
    )
    // who asks is no matter of the pod: admission.int.test.ts
    const rules = all.filter(({ expression }) => !/variables\.(byOperator|inEmergency)/.test(expression))
    expect(rules.length).toBeGreaterThan(20)
    const untried = rules.filter(({ message }) => !BAD_PODS.some(({ says }) => message.includes(says)))
    expect(untried.map(({ message }) => message)).toEqual([])
    // and each pod names one rule, not several
    const vague = BAD_PODS.filter(({ says }) => rules.filter(({ message }) => message.includes(says)).length !== 1)
    expect(vague.map(({ name }) => name)).toEqual([])
  })

  test('OPR-8: no rule has a wildcard, a Secret, exec, or a verb that hands on rights', async () => {
    interface Rule {
      readonly apiGroups: string[]
      readonly resources: string[]
      readonly verbs: string[]
    }
    const rendered = await render({ 'rbac.writeCatalog': true })
    const roles = [...rendered.kind('Role'), ...rendered.kind('ClusterRole')]
    expect(roles).toHaveLength(5)
    const rules = roles.flatMap((role) => role['rules'] as Rule[])
    const words = new Set(rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]))
    const never = ['*', 'secrets', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/ephemeralcontainers']
    for (const word of [...never, 'serviceaccounts/token', 'escalate', 'bind', 'impersonate', 'deletecollection'])
      expect(words).not.toContain(word)
    expect(at<Rule[]>(rendered.kind('ClusterRole')[0], 'rules')).toEqual([
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ])
  })

  describe('networks', () => {
    interface Rule {
      readonly ports?: readonly { readonly port: number | string }[]
      readonly from?: readonly object[]
      readonly to?: readonly object[]
    }
    const rules = (rendered: Rendered, name: string, way: 'ingress' | 'egress'): readonly Rule[] =>
      at<Rule[]>(rendered.one('NetworkPolicy', name), `spec.${way}`)

    test('the sandboxes begin with nothing', () => {
      const deny = plain.one('NetworkPolicy', 'mcphub-default-deny')
      expect(deny.metadata.namespace).toBe(SANDBOXES)
      expect(deny['spec']).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    })

    test('the database answers gateways and the test alone, and reaches nobody', () => {
      const [rule, ...more] = rules(plain, 'mcphub-database', 'ingress')
      expect(more).toEqual([])
      const peers = rule!.from! as { podSelector: { matchLabels: Record<string, string> } }[]
      const components = peers.map(({ podSelector }) => podSelector.matchLabels['app.kubernetes.io/component'])
      expect(components).toEqual(['gateway', 'test'])
      expect(rules(plain, 'mcphub-database', 'egress')).toEqual([])
    })

    test('call-home is for sandboxes, peers for gateways, and the metadata address for nobody', () => {
      const byPort = new Map(rules(plain, 'mcphub-gateway', 'ingress').map((rule) => [rule.ports![0]!.port, rule.from]))
      expect(byPort.get('http')).toBeUndefined()
      expect(JSON.stringify(byPort.get('call-home'))).toContain(SANDBOXES)
      expect(JSON.stringify(byPort.get('peers'))).toContain('"app.kubernetes.io/component":"gateway"')
      expect(JSON.stringify(rules(plain, 'mcphub-gateway', 'egress'))).toContain('"except":["169.254.169.254/32"]')
    })
  })

  test('the notes print the one command that shows the set-up link', () => {
    const notes = readFileSync(path.join(CHART, 'templates/NOTES.txt'), 'utf8')
    expect(notes).toContain('exec deploy/{{ include "mcphub.fullname" . }}-gateway -- node /app/main.mjs setup-link')
  })

  test('the canary of `helm test` is a server the catalogue takes, and there only by digest', async () => {
    expect(plain.kind('McpServer')).toEqual([])
    const server = full.one('McpServer', 'mcphub-helm-test')
    expect(at<string>(server, 'spec.stdio.image')).toMatch(/@sha256:0{64}$/)
    const code = at<string[]>(server, 'spec.stdio.command').at(-1)!
    expect(code.length).toBeLessThan(4096)
    expect(code).not.toContain('${')
    expect(envOf(full.one('Pod', 'mcphub-test'))['CANARY_SERVER']).toBe('mcphub-helm-test')
  })
})
