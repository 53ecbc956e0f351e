// Whatever a valid McpServer and UserGroups say, the pod keeps every control (BOX-1), and whatever an invalid one
// tries, nothing of it gets into a pod (BOX-2).
import { checkServer, effectiveLimits, mcpServerSpec, userGroupSpec, type StdioSpec } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IMAGE, POD_SETTINGS, makeGroupSpec, makeServerSpec } from '../testing/objects.ts'
import { buildClaim, buildPod, templateHash, type PodTemplate } from './build-pod.ts'
import type { PodSettings } from './settings.ts'

// --- what Kubernetes and we ask of a pod, said in other words than build-pod.ts says it ------------------------------------------------

interface Container {
  readonly name: string
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
  readonly securityContext: Record<string, unknown>
  readonly resources: { readonly limits: Record<string, string>; readonly requests: Record<string, string> }
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
  readonly [field: string]: unknown
}
interface Spec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes: readonly Record<string, object | string>[]
  readonly securityContext: Record<string, unknown>
  readonly [field: string]: unknown
}

const VOLUMES = ['emptyDir', 'configMap', 'secret', 'projected', 'persistentVolumeClaim', 'image']
const CONTAINER_FIELDS =
  'args command env image imagePullPolicy name ports resources securityContext volumeMounts workingDir'
const POD_FIELDS =
  'activeDeadlineSeconds automountServiceAccountToken containers enableServiceLinks hostAliases hostUsers imagePullSecrets initContainers priorityClassName restartPolicy runtimeClassName securityContext serviceAccountName terminationGracePeriodSeconds tolerations volumes'

/** Every fault of a pod by the restricted Pod Security Standard and our own list. */
function findFaults(spec: Spec, settings: PodSettings): string[] {
  const faults: string[] = []
  const ask = (holds: boolean, what: string): void => void (holds || faults.push(what))
  for (const field of Object.keys(spec)) ask(POD_FIELDS.split(' ').includes(field), `pod has ${field}`)
  ask(spec['serviceAccountName'] === 'mcphub-sandbox', '6 account')
  ask(spec['automountServiceAccountToken'] === false && spec['enableServiceLinks'] === false, '6 token, links')
  ask(spec['restartPolicy'] === 'Never' && spec['terminationGracePeriodSeconds'] === 600, 'life')
  ask(spec['hostUsers'] === (settings.hostUsers ? undefined : false), '7 user namespace')
  ask((spec['priorityClassName'] ?? null) === settings.priorityClass, '16 priority')
  const { containers, initContainers = [], volumes } = spec
  ask(containers.length === 1 && containers[0]!.name === 'sandbox', 'one container')
  for (const container of [...containers, ...initContainers]) faults.push(...findContainerFaults(container, spec))
  for (const volume of volumes) {
    const kinds = Object.keys(volume).filter((key) => key !== 'name')
    ask(kinds.length === 1 && VOLUMES.includes(kinds[0]!), `volume ${JSON.stringify(volume)}`)
    if (kinds[0] === 'emptyDir') ask('sizeLimit' in (volume['emptyDir'] as object), '3 sizeLimit')
    const { secretName } = (volume['secret'] ?? {}) as { secretName?: string }
    if (secretName !== undefined) ask(secretName === settings.registry.secret, '19 secret')
  }
  const tokens = JSON.stringify(volumes).match(/"audience":"([^"]*)"/g)
  ask(tokens?.length === 1 && tokens[0] === '"audience":"mcphub-gateway"', 'one token, for the gateways alone')
  return faults
}

function findContainerFaults(container: Container, { volumes }: Spec): string[] {
  const faults: string[] = []
  const ask = (holds: boolean, what: string): void => void (holds || faults.push(`${container.name}: ${what}`))
  for (const field of Object.keys(container)) ask(CONTAINER_FIELDS.split(' ').includes(field), `has ${field}`)
  const context = container.securityContext
  ask(context['runAsNonRoot'] === true && context['runAsUser'] === 64_536 && context['runAsGroup'] === 64_536, '2 uid')
  ask(context['readOnlyRootFilesystem'] === true, '3 root')
  ask(context['allowPrivilegeEscalation'] === false && context['privileged'] === false, '4 privilege')
  ask(JSON.stringify(context['capabilities']) === '{"drop":["ALL"]}', '4 capabilities')
  ask(JSON.stringify(context['seccompProfile']) === '{"type":"RuntimeDefault"}', '5 seccomp')
  const { limits, requests } = container.resources
  for (const name of ['cpu', 'memory', 'ephemeral-storage'])
    ask(/^[1-9]\d*(m|Mi|Gi)?$/.test(limits[name] ?? ''), `14 limit of ${name}`)
  ask(Number.parseInt(requests['cpu']!) <= Number.parseInt(limits['cpu']!), '14 request of cpu')
  ask(Number(requests['memory']) <= Number(limits['memory']), '14 request of memory')
  const known = new Set(volumes.map(({ name }) => name))
  for (const { name, mountPath } of container.volumeMounts)
    ask(known.has(name) && /^\/[a-z/]+$/.test(mountPath), 'mounts')
  for (const { valueFrom } of container.env ?? [])
    ask(
      valueFrom === undefined ||
        /^\{"fieldRef":\{"fieldPath":"metadata\.(name|uid)"\}\}$/.test(JSON.stringify(valueFrom)),
      '20 valueFrom',
    )
  return faults
}

// --- what people may write -------------------------------------------------------------------------------------------------------------

const word = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/)
const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((one) => !one.includes('\0') && !one.includes('${'))
const cpu = fc.oneof(
  fc.stringMatching(/^\d{1,6}(\.\d{1,3})?$/),
  fc.stringMatching(/^\d{1,9}m$/),
  fc.constantFrom('0', '0m', '0.000'),
)
const memory = fc.oneof(
  fc.stringMatching(/^\d{1,10}(\.\d{1,2})?(Ki|Mi|Gi|Ti|k|M|G|T)?$/),
  fc.constantFrom('0', '0Gi', '0.1'),
)
const program = fc.oneof(
  fc.record({
    image: fc.constantFrom(IMAGE, `x/y@sha256:${'0'.repeat(64)}`),
    command: fc.array(
      text.filter((one) => one !== ''),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  fc.record({
    package: fc.record(
      { npm: fc.record({ name: word, version: fc.constant('1.2.3') }), allowScripts: fc.array(text, { maxLength: 3 }) },
      { requiredKeys: ['npm'] },
    ),
  }),
  fc.record({
    package: fc.record(
      { pypi: fc.record({ name: word, version: fc.constant('1.2.3') }), bin: text },
      { requiredKeys: ['pypi'] },
    ),
  }),
)
const rest = fc.record(
  {
    args: fc.array(text, { maxLength: 4 }),
    env: fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[A-Z][A-Z0-9_]{0,20}$/), value: text }), {
      selector: ({ name }) => name,
      maxLength: 5,
    }),
    workdir: text,
    resources: fc.record({ cpu, memory }, { requiredKeys: [] }),
    runtimeClassName: word,
    startupTimeoutSeconds: fc.integer({ min: 1, max: 86_400 }),
    maxLifetimeSeconds: fc.integer({ min: 60, max: 2_592_000 }),
    persistence: fc.record({ mode: fc.constantFrom('None', 'Retain') }),
    egress: fc.oneof(
      fc.record({ mode: fc.constantFrom('None', 'Internet') }),
      fc.constant({ mode: 'Cidrs', cidrs: ['10.0.0.0/8'] }),
    ),
    sessions: fc.constantFrom('Shared', 'Isolated'),
  },
  { requiredKeys: [] },
)
const stdio = fc
  .tuple(program, rest)
  .map(([one, other]) => mcpServerSpec.shape.stdio.unwrap().safeParse({ ...other, ...one }))
const validStdio = stdio.filter((parsed) => parsed.success).map((parsed) => parsed.data as StdioSpec)
const groups = fc.array(
  fc.record({
    name: word,
    spec: fc
      .record({
        limits: fc.record({ cpu, memory }, { requiredKeys: [] }),
        sandboxes: fc.record({ runtimeClassName: word }, { requiredKeys: [] }),
      })
      .map((spec) => userGroupSpec.parse({ servers: [], ...spec })),
  }),
  { maxLength: 4 },
)
const settings: fc.Arbitrary<PodSettings> = fc
  .record({
    shimDelivery: fc.constantFrom('ImageVolume' as const, 'InitContainer' as const),
    hostUsers: fc.boolean(),
    priorityClass: fc.constantFrom(null, 'low'),
    imagePullSecrets: fc.constantFrom([], ['pull']),
    registry: fc.constantFrom(POD_SETTINGS.registry, {
      ...POD_SETTINGS.registry,
      secret: 'npm',
      url: 'https://npm.example',
      httpsProxy: 'http://proxy:3128',
    }),
  })
  .map((some) => ({ ...POD_SETTINGS, ...some }))
const template: fc.Arbitrary<PodTemplate> = fc
  .record({ name: word, stdio: validStdio, groups, settings })
  .map((made) => ({
    server: { name: made.name, stdio: made.stdio },
    limits: effectiveLimits(made.groups),
    settings: made.settings,
  }))

const SANDBOX = {
  kind: 'sandbox',
  name: `files-${'a'.repeat(26)}`,
  uid: 'u1',
  userRef: 'b'.repeat(32),
  number: 0,
} as const
const POOL = { kind: 'pool', uid: 'u2', suffix: 'abcde' } as const
const specOf = (one: PodTemplate, owner: Parameters<typeof buildPod>[1] = SANDBOX): Spec =>
  buildPod(one, owner)['spec'] as unknown as Spec

describe('BOX-1', () => {
  test(
    '10,000 random valid servers, groups and settings: every control holds in the pod of a sandbox and of a pool',
    { timeout: 120_000 },
    () => {
      fc.assert(
        fc.property(template, (one) => {
          expect(findFaults(specOf(one), one.settings)).toEqual([])
          expect(findFaults(specOf(one, POOL), one.settings)).toEqual([])
        }),
        { numRuns: 10_000 },
      )
    },
  )

  test('the check itself finds what is wrong', () => {
    const spec = specOf({
      server: { name: 'files', stdio: makeServerSpec().stdio! },
      limits: effectiveLimits([]),
      settings: POD_SETTINGS,
    })
    const [container] = spec.containers
    const spoil = (change: object, inner: object = {}): string[] =>
      findFaults({ ...spec, ...change, containers: [{ ...container!, ...inner }] }, POD_SETTINGS)
    expect(spoil({})).toEqual([])
    expect(spoil({ hostNetwork: true })).not.toEqual([])
    expect(spoil({ automountServiceAccountToken: true })).not.toEqual([])
    expect(spoil({ volumes: [...spec.volumes, { name: 'x', hostPath: { path: '/' } }] })).not.toEqual([])
    expect(spoil({}, { securityContext: { ...container!.securityContext, runAsUser: 0 } })).not.toEqual([])
    expect(
      spoil(
        {},
        { securityContext: { ...container!.securityContext, capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } } },
      ),
    ).not.toEqual([])
    expect(spoil({}, { envFrom: [{ secretRef: { name: 'x' } }] })).not.toEqual([])
    expect(
      spoil(
        {},
        {
          resources: {
            limits: { cpu: '0m', memory: '1', 'ephemeral-storage': '1Gi' },
            requests: { cpu: '0m', memory: '1' },
          },
        },
      ),
    ).not.toEqual([])
  })

  test('no text of a manifest but image, package, quantities and class gets into a pod', () => {
    const canary = 'CANARY-7f3a'
    const spec = makeServerSpec({
      args: [canary],
      env: [{ name: 'KEY', value: canary }],
      command: [canary],
      workdir: `/${canary}`,
    })
    const one: PodTemplate = {
      server: { name: 'files', stdio: spec.stdio! },
      limits: effectiveLimits([]),
      settings: POD_SETTINGS,
    }
    expect(JSON.stringify(buildPod(one, SANDBOX))).not.toContain(canary)
  })
})

describe('BOX-2: a manifest that tries to reach into its pod', () => {
  const hostile: readonly object[] = [
    { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } }] },
    { envFrom: [{ secretRef: { name: 'database' } }] },
    { volumes: [{ name: 'root', hostPath: { path: '/' } }] },
    { volumeMounts: [{ name: 'root', mountPath: '/host' }] },
    { initContainers: [{ name: 'x', image: 'evil' }] },
    { securityContext: { privileged: true } },
    { podTemplate: { spec: { hostNetwork: true } } },
    { serviceAccountName: 'mcphub-operator' },
    { hostPID: true },
    { nodeName: 'control-plane' },
    { tolerations: [{ operator: 'Exists' }] },
    { lifecycle: { preStop: { exec: { command: ['sh'] } } } },
    { labels: { 'mcphub.io/user-hash': 'bob' } },
    { image: '../../evil' },
    { image: 'evil:latest' },
    { resources: { cpu: '1', 'nvidia.com/gpu': '1' } },
    { resources: { memory: '-1' } },
    { runtimeClassName: 'x'.repeat(254) },
    { runtimeClassName: '../X y' },
    { env: [{ name: 'HOME', value: '/' }] },
    { env: [{ name: 'MCPHUB_GATEWAY_URL', value: 'https://evil' }] },
    { package: { npm: { name: '--registry=http://evil', version: '1.0.0' } }, image: undefined, command: undefined },
    { package: { npm: { name: '../x', version: 'latest' } }, image: undefined, command: undefined },
    { package: { pypi: { name: '-r/etc/passwd', version: '1' } }, image: undefined, command: undefined },
  ]
  test.each(hostile.map((one) => [JSON.stringify(one).slice(0, 70), one] as const))('%s', (_name, stdioPart) => {
    const given = { type: 'Stdio', stdio: { image: IMAGE, command: ['/server'], ...stdioPart } }
    const parsed = mcpServerSpec.safeParse(JSON.parse(JSON.stringify(given)))
    // refused by the schema's types, or by its rules
    expect(parsed.success ? checkServer(parsed.data) : ['refused']).not.toEqual([])
    // and if it came this far all the same, the builder would take nothing of it
    const stored = { ...makeServerSpec().stdio!, ...(JSON.parse(JSON.stringify(stdioPart)) as object) } as StdioSpec
    const safe = {
      ...stored,
      args: [],
      env: stored.env ?? [],
      image: IMAGE,
      package: undefined,
    } as unknown as StdioSpec
    const spec = specOf({ server: { name: 'files', stdio: safe }, limits: effectiveLimits([]), settings: POD_SETTINGS })
    expect(findFaults(spec, POD_SETTINGS)).toEqual([])
  })
})

describe('the template hash', () => {
  const hashOf = (stdioPart: Parameters<typeof makeServerSpec>[0], change: Partial<PodTemplate> = {}): string =>
    templateHash({
      server: { name: 'files', stdio: makeServerSpec(stdioPart).stdio! },
      limits: effectiveLimits([]),
      settings: POD_SETTINGS,
      ...change,
    })
  const plain = hashOf({})

  test('is that of the pod: what the gateway sends to a running pod does not change it', () => {
    expect(
      hashOf({
        args: ['x'],
        env: [{ name: 'A', value: 'b' }],
        command: ['/other'],
        idleTimeoutSeconds: 5,
        maxLifetimeSeconds: 60,
      }),
    ).toBe(plain)
    expect(plain).toMatch(/^[0-9a-f]{16}$/)
  })

  test('changes with what a pod is made of', () => {
    const limits = (limitsPart: object): string =>
      hashOf({}, { limits: effectiveLimits([{ name: 'g', spec: makeGroupSpec({ limits: limitsPart }) }]) })
    const others = [
      hashOf({ image: `x/y@sha256:${'0'.repeat(64)}` }),
      hashOf({ resources: { memory: '1Gi' } }),
      hashOf({ runtimeClassName: 'gvisor' }),
      hashOf({ persistence: { mode: 'Retain' } }),
      limits({ cpu: '2' }),
      hashOf({}, { settings: { ...POD_SETTINGS, shimImage: 'registry.example/shim:2' } }),
    ]
    expect(new Set([plain, ...others]).size).toBe(others.length + 1)
  })

  test("is the same for a pool's pod and for one that is made for somebody", () => {
    const one: PodTemplate = {
      server: { name: 'files', stdio: makeServerSpec({ maxLifetimeSeconds: 60 }).stdio! },
      limits: effectiveLimits([]),
      settings: POD_SETTINGS,
    }
    const label = (owner: Parameters<typeof buildPod>[1]): unknown =>
      buildPod(one, owner).metadata.labels!['mcphub.io/template-hash']
    expect(label(POOL)).toBe(label(SANDBOX))
  })
})

test("a claim names the version it saw, takes the pool's label away and counts the lifetime from now", () => {
  const pod = { metadata: { name: 'x', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' } }
  const { stdio: stdioSpec } = makeServerSpec({ maxLifetimeSeconds: 60 })
  const nowMs = Date.parse('2026-01-01T01:00:00Z')
  expect(buildClaim(pod, { name: 's', uid: 'su', userRef: 'r' }, { stdio: stdioSpec!, nowMs })).toEqual({
    metadata: {
      uid: 'u',
      resourceVersion: '7',
      labels: { 'mcphub.io/pool': null, 'mcphub.io/sandbox': 's', 'mcphub.io/user-hash': 'r' },
      ownerReferences: [expect.objectContaining({ kind: 'McpSandbox', uid: 'su', controller: true })],
    },
    spec: { activeDeadlineSeconds: 3600 + 60 + 660 },
  })
})
