// Story 5, a folder that is kept: `persistence: Retain` is a volume of its own for each person, there while the pod sleeps, gone with the sandbox.
import { afterAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, inSandboxes, list, podsOf, read, remove, sandboxesOf, waitForNone } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const hasVolumes = context.own || context.probes.some(({ name, holds }) => name === 'default StorageClass' && holds)

afterAll(() => remove('mcpserver', 'kept'))

const claimsOf = async (server: string): Promise<string[]> =>
  (await list(SANDBOXES, 'pvc', `mcphub.io/server=${server}`)).map(({ metadata }) => metadata.name)

test(
  'what a person’s server wrote is there after its sleep, and nobody else has it',
  { timeout: 180_000 },
  async ({ skip }) => {
    skip(!hasVolumes, 'this cluster has no storage for claims')
    await apply(personalServer('kept', { stdio: { persistence: { mode: 'Retain' }, idleTimeoutSeconds: 2 } }))
    const [one, other] = [await addPerson('keeper'), await addPerson('stranger')]
    for (const person of [one, other]) await setVariables(person, { USER_STORY_SECRET: person.username })
    await waitForTools(one, 'kept')
    const session = await open(one, 'kept')
    const before = await placeOf(session)
    expect(await session.call('fill', { path: '/work/mine', mebibytes: 0 })).toBe('written')
    const foreign = await open(other, 'kept')
    await expect(foreign.call('read', { path: '/work/mine' })).rejects.toThrow(/ENOENT/)
    await waitForNone('pods of kept', () => podsOf('kept'))
    expect((await claimsOf('kept')).length).toBe(2)
    expect(JSON.parse(await session.call('readable', { folder: '/work' }))).toHaveProperty(['/work/mine'])
    expect(await placeOf(session)).not.toBe(before)
    const sandbox = (await read(SANDBOXES, 'pod', await podOf(session))).metadata.labels?.['mcphub.io/sandbox'] ?? ''
    await Promise.all([session.close(), foreign.close()])
    const claims = await claimsOf('kept')
    await inSandboxes('delete', 'mcpsandbox', sandbox)
    await waitUntil('its claim is gone, the other one stays', async () => (await claimsOf('kept')).length === 1)
    expect(claims).toContain((await claimsOf('kept'))[0])
    expect((await sandboxesOf('kept')).map(({ metadata }) => metadata.name)).not.toContain(sandbox)
  },
)
