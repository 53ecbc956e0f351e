// Story 2, its end: upgrade, rollback, uninstall, minutes of waiting for Deployments. The last of all: afterwards there is no hub.
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, open, request, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, cluster, gatewayPods, inHub, inSandboxes, kubectl, list, read } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { podOf } from '../kit/sessions.ts'
import { runHelm } from '../install.ts'
import { CHART, HUB, RELEASE, ROOT, SANDBOXES } from '../settings.ts'

const helm = (...args: string[]): Promise<string> => runHelm(cluster, args)
const people = async (): Promise<number> =>
  (await request<{ items: unknown[] }>('GET', '/api/admin/users/list')).items.length

/** The first packaged chart: what people who installed it have now. */
const FIRST = join(ROOT, 'test/chart/fixtures/mcphub-0.1.0.tgz')
const WAIT = ['--reset-then-reuse-values', '--wait', '--timeout', '180s']

let person: Person
let session: Session

beforeAll(async () => {
  await apply(personalServer('survivor', { stdio: { idleTimeoutSeconds: 900 } }))
  person = await addPerson('survivor')
  await setVariables(person, { USER_STORY_SECRET: 'kept' })
  await waitForTools(person, 'survivor')
  session = await open(person, 'survivor')
  await session.call('set', { value: 'before the upgrade' })
})
afterAll(() => session?.close())

const secrets = async (): Promise<string> =>
  JSON.stringify(
    (await list(HUB, 'secrets', 'app.kubernetes.io/instance')).map(({ metadata, ...rest }) => [metadata.name, rest]),
  )
const sessionGoesOn = (): Promise<void> =>
  waitUntil('the session goes on', async () => (await session.call('get')) === 'before the upgrade')

test(
  'an upgrade from the first packaged chart keeps secrets, people, sessions and running pods',
  { timeout: 500_000 },
  async () => {
    const [count, before] = [await people(), await secrets()]
    // as it is for whoever installed that one
    await helm('upgrade', RELEASE, FIRST, ...WAIT)
    await sessionGoesOn()
    const pods = new Set((await gatewayPods()).map(({ metadata }) => metadata.uid))
    await helm('upgrade', RELEASE, CHART, '--set', 'gateway.podAnnotations.story=upgraded', ...WAIT)
    expect((await gatewayPods()).some(({ metadata }) => pods.has(metadata.uid))).toBe(false)
    expect([await people(), await secrets()]).toEqual([count, before])
    await sessionGoesOn()
  },
)

test(
  'where the cluster has no image volumes, an init container brings the shim: pods are replaced, calls answered; a rollback takes it back',
  { timeout: 400_000 },
  async () => {
    const [count, before] = [await people(), await secrets()]
    await helm('upgrade', RELEASE, CHART, '--set', 'sandboxes.shimDelivery=InitContainer', ...WAIT)
    await waitUntil('the pod has one', async () => {
      const { spec } = await read(SANDBOXES, 'pod', await podOf(session))
      return (
        JSON.stringify(spec['initContainers'] ?? []).includes('--copy-to') && !/"image":\{/.test(JSON.stringify(spec))
      )
    })
    const nonce = createHmac('sha256', 'kept').update('x').digest('hex')
    expect(await session.call('nonce', { challenge: 'x' })).toBe(nonce)
    await helm('rollback', RELEASE, '--wait', '--timeout', '180s')
    expect([await people(), await secrets()]).toEqual([count, before])
    await waitUntil('the pod has none', async () => {
      const { spec } = await read(SANDBOXES, 'pod', await podOf(session))
      return spec['initContainers'] === undefined
    })
    expect(await session.call('nonce', { challenge: 'x' })).toBe(nonce)
  },
)

test(
  'OPR-5: uninstalled, custom resources, database and key ring are still there, and the namespace can go without an operator',
  { timeout: 300_000 },
  async ({ skip }) => {
    skip(process.env['KEEP'] === '1' && process.env['UNINSTALL'] !== '1', 'KEEP=1 keeps the hub; UNINSTALL=1 does not')
    const claims = (await list(HUB, 'pvc')).map(({ metadata }) => metadata.uid)
    const keeps = context.own || context.probes.some(({ name, holds }) => name === 'default StorageClass' && holds)
    expect(claims.length > 0).toBe(keeps)
    await helm('uninstall', RELEASE, '--wait', '--timeout', '180s')
    expect(await inSandboxes('get', 'mcps', '-o', 'name')).toContain('survivor')
    expect((await list(HUB, 'pvc')).map(({ metadata }) => metadata.uid)).toEqual(claims)
    expect(await inHub('get', 'secrets', '-o', 'name')).toContain('keyring')
    expect(await kubectl('get', 'clusterrole', '-o', 'name')).not.toContain(`${RELEASE}-`)
    // OPR-5: nothing holds what nobody looks after any more
    await kubectl('delete', 'namespace', SANDBOXES, '--timeout=60s')
  },
)
