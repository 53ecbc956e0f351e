// Story 2, its end: upgrade, rollback, uninstall. The last of all: afterwards there is no hub.
import { expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { addPerson, open, request, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, cluster, gatewayPods, inHub, inSandboxes, kubectl, list } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import { runHelm } from '../install.ts'
import { CHART, HUB, RELEASE } from '../settings.ts'

const helm = (...args: string[]): Promise<string> => runHelm(cluster, args)
const people = async (): Promise<number> =>
  (await request<{ items: unknown[] }>('GET', '/api/admin/users/list')).items.length

test('an upgrade keeps secrets, people and sessions; a rollback too', { timeout: 400_000 }, async () => {
  await apply(personalServer('survivor', { stdio: { idleTimeoutSeconds: 900 } }))
  const person = await addPerson('survivor')
  await setVariables(person, { USER_STORY_SECRET: 'kept' })
  await waitForTools(person, 'survivor')
  const session = await open(person, 'survivor')
  await session.call('set', { value: 'before the upgrade' })
  const count = await people()
  const secrets = async (): Promise<string> =>
    JSON.stringify(
      (await list(HUB, 'secrets', 'app.kubernetes.io/instance')).map(({ metadata, ...rest }) => [metadata.name, rest]),
    )
  const before = await secrets()
  const pods = new Set((await gatewayPods()).map(({ metadata }) => metadata.uid))
  const change = ['upgrade', RELEASE, CHART, '--reuse-values', '--set', 'gateway.podAnnotations.story=upgraded']
  await helm(...change, '--wait', '--timeout', '180s')
  expect((await gatewayPods()).some(({ metadata }) => pods.has(metadata.uid))).toBe(false)
  expect(await secrets()).toBe(before)
  await waitUntil('the session goes on', async () => (await session.call('get')) === 'before the upgrade')
  await helm('rollback', RELEASE, '--wait', '--timeout', '180s')
  expect(await people()).toBe(count)
  await waitUntil('the session goes on', async () => (await session.call('get')) === 'before the upgrade')
  await session.close()
})

test('uninstalled, custom resources, database and key ring are still there', { timeout: 300_000 }, async ({ skip }) => {
  skip(process.env['KEEP'] === '1', 'KEEP=1 keeps the hub')
  const claims = (await list(HUB, 'pvc')).map(({ metadata }) => metadata.uid)
  expect(claims.length).toBeGreaterThan(0)
  await helm('uninstall', RELEASE, '--wait', '--timeout', '180s')
  expect(await inSandboxes('get', 'mcps', '-o', 'name')).toContain('survivor')
  expect((await list(HUB, 'pvc')).map(({ metadata }) => metadata.uid)).toEqual(claims)
  expect(await inHub('get', 'secrets', '-o', 'name')).toContain('keyring')
  expect(await kubectl('get', 'clusterrole', '-o', 'name')).not.toMatch(/mcphub/)
})
