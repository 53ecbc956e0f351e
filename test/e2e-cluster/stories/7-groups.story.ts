// Story 7: what a UserGroup gives and limits, also when it changes under running pods; and a server that changes under a call.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, conditionOf, isGoing, podsOf, read, remove, stopAll } from '../kit/kube.ts'
import { group, personalServer } from '../kit/servers.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const GROUPS = { spec: { access: 'Groups' } }
let carol: Person

beforeAll(async () => {
  await apply(personalServer('team', GROUPS), personalServer('team-two', GROUPS))
  carol = await addPerson('carol')
  await setVariables(carol, { USER_STORY_SECRET: 'of-carol' })
  await apply(team())
  await waitForTools(carol, 'team')
  await waitForTools(carol, 'team-two')
})
beforeEach(() => apply(team()))
afterAll(async () => {
  await remove('mcpserver', 'team', 'team-two')
  await remove('usergroup', 'team')
})

const team = (spec: Readonly<Record<string, unknown>> = {}): object =>
  group('team', { members: { users: [carol.username] }, servers: ['team', 'team-two'], ...spec })

/** As the operator writes it. */
const mebibytes = (count: number): string => String(count * 1024 ** 2)

/** Of the server's pods that stay: those of starts for discovery go by themselves. */
const limitsOf = async (pod: string): Promise<Record<string, string>> => {
  const { spec } = await read(SANDBOXES, 'pod', pod)
  const [container] = spec['containers'] as { resources: { limits: Record<string, string> } }[]
  return container?.resources.limits ?? {}
}

test('CPU and memory of the group are the pod’s, and a change gives a new pod while the old one drains', async () => {
  const session = await open(carol, 'team')
  await apply(team({ limits: { memory: '200Mi', cpu: '700m' } }))
  await waitUntil('the pod has the limits of the group', async () => {
    const limits = await limitsOf(await podOf(session))
    return limits['memory'] === mebibytes(200) && limits['cpu'] === '700m'
  })
  const before = await placeOf(session)
  const going = session.call('slow', { ms: 6000, value: 'not killed' })
  await session.call('count')
  await apply(team({ limits: { memory: '220Mi', cpu: '700m' } }))
  await waitUntil('calls meet a new pod', async () => (await placeOf(session)) !== before)
  expect(await going).toBe('not killed')
  expect((await limitsOf(await podOf(session)))['memory']).toBe(mebibytes(220))
  await session.close()
})

test('a changed server drains the old pod, kills no call, and says UpToDate meanwhile', async () => {
  const session = await open(carol, 'team')
  const before = await placeOf(session)
  const going = session.call('slow', { ms: 8000, value: 'drained' })
  await session.call('count')
  await apply(personalServer('team', { ...GROUPS, stdio: { resources: { cpu: '1', memory: '300Mi' } } }))
  await waitUntil('calls meet a new pod', async () => (await placeOf(session)) !== before)
  expect(await going).toBe('drained')
  const after = await podOf(session)
  await waitUntil('all is up to date again', async () => {
    const owner = (await read(SANDBOXES, 'pod', after)).metadata.labels?.['mcphub.io/sandbox'] ?? ''
    return conditionOf(await read(SANDBOXES, 'mcpsandbox', owner), 'UpToDate')?.status === 'True'
  })
  await session.close()
})

test('sandboxes of one person: one more than the group allows is refused, and served once more are allowed', async () => {
  await apply(team({ limits: { maxRunningPerUser: 1 } }))
  await Promise.all([stopAll('team'), stopAll('team-two')])
  const [one, two] = [await open(carol, 'team'), await open(carol, 'team-two')]
  await one.call('count')
  // in use: it makes no room
  const going = one.call('slow', { ms: 3000, value: 'undisturbed' })
  await expect(two.call('count')).rejects.toThrow(/you already run 1 server/)
  expect(await going).toBe('undisturbed')
  await apply(team({ limits: { maxRunningPerUser: 5 } }))
  await waitUntil('more are allowed now', () => two.call('count'))
  await Promise.all([one.close(), two.close()])
})

test('calls per minute: one more is refused, in words', async () => {
  await apply(team({ limits: { callsPerMinute: 3 } }))
  const session = await open(carol, 'team')
  await waitUntil('the limit holds', async () => {
    const said = await session.call('count').catch(String)
    return said.includes('allow 3 calls a minute')
  })
  await apply(team())
  await waitUntil('it is gone', () => session.call('count'))
  await session.close()
})

test('startup: Always: a sandbox is awake before anybody calls', async () => {
  await stopAll('team-two')
  await apply(team({ sandboxes: { startup: 'Always' } }))
  await waitUntil('a pod of team-two runs', async () => {
    const pods = (await podsOf('team-two')).filter((pod) => !isGoing(pod))
    return pods.some(({ status }) => status?.phase === 'Running')
  })
  await apply(team())
})

test('the idle time of the group holds, also when it is made shorter', async () => {
  const session = await open(carol, 'team')
  await session.call('count')
  await apply(team({ sandboxes: { idleTimeoutSeconds: 3 } }))
  await waitUntil('the pod is gone without a call', async () => {
    const pods = (await podsOf('team')).filter((pod) => !isGoing(pod))
    return pods.length === 0
  })
  await apply(team())
  await session.close()
})

test('whoever is removed from the group loses pods and streams within 5 s', async () => {
  const session = await open(carol, 'team')
  await session.call('count')
  const before = await podOf(session)
  const going = session.call('slow', { ms: 60_000 }).then(
    () => 'answered',
    () => 'ended',
  )
  const start = performance.now()
  await apply(group('team', { members: { users: [] }, servers: ['team', 'team-two'] }))
  expect(await going).toBe('ended')
  await waitUntil('her pod is gone', async () => {
    const pods = await podsOf('team')
    return !pods.some(({ metadata }) => metadata.name === before && metadata.deletionTimestamp === undefined)
  })
  expect(performance.now() - start).toBeLessThan(5000)
  await expect(session.call('count')).rejects.toThrow()
  await session.close()
})
