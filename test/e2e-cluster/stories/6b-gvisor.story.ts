// Story 6, what stories 4, 5 and 9 ask, of pods that have gVisor for a kernel.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { METADATA, PUBLIC, DECOY_PORT, openDecoys } from '../kit/decoys.ts'
import { poolIsFull, readyPool, sleepAndWakeOnce, takeFromPool } from '../kit/flows.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { expectShut, ofApiServer, ofHub, ofNode, ofPod } from '../kit/knocks.ts'
import { apply, list, remove, stopAll } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const hasGvisor = context.probes.some(({ name, holds }) => name === 'RuntimeClass gvisor' && holds)
const NAME = 'kernelled'
const UNDER_GVISOR = { runtimeClassName: 'gvisor', idleTimeoutSeconds: 4, warmPool: { replicas: 1 } }

describe.runIf(hasGvisor)('under gVisor', () => {
  let person: Person
  let neighbour: Person
  let closeDecoys = (): Promise<void> => Promise.resolve()

  beforeAll(async () => {
    if (context.own) closeDecoys = await openDecoys()
    await apply(personalServer(NAME, { stdio: UNDER_GVISOR }))
    ;[person, neighbour] = await Promise.all([addPerson('kernelled'), addPerson('neighbour')])
    for (const one of [person, neighbour]) await setVariables(one, { USER_STORY_SECRET: `of-${one.username}` })
    await waitForTools(person, NAME, 90_000)
    await poolIsFull(NAME, 1)
  })
  afterAll(async () => {
    await remove('mcpserver', NAME)
    await closeDecoys()
  })

  test("a newcomer's first call takes a waiting pod, with a secret of his own, and the pool is filled again", () =>
    takeFromPool(NAME, 1))

  test('every pod of the server has the class, those that wait too', async () => {
    const pods = await list(SANDBOXES, 'pods', `mcphub.io/server=${NAME}`)
    expect(pods.length).toBeGreaterThan(0)
    expect(pods.filter(({ spec }) => spec['runtimeClassName'] !== 'gvisor')).toEqual([])
  })

  test('idle: pods vanish, lists still answer, and the next call wakes one, once, however many wait', () =>
    sleepAndWakeOnce(person, NAME))

  test('BOX-4: from inside nothing is reached: no other pod, not the API server, the hub, the node, the metadata address', async () => {
    const [mine, theirs] = [await open(person, NAME), await open(neighbour, NAME)]
    expect(await mine.call('read', { path: '/proc/version' })).toMatch(/gvisor/i)
    const [waiting = ''] = await readyPool(NAME)
    await expectShut(mine, [
      ...(await ofPod(await podOf(theirs))),
      ...(waiting === '' ? [] : await ofPod(waiting)),
      ...(await ofHub()),
      ...(await ofApiServer()),
      ...[METADATA, PUBLIC].map((host) => ({ what: host, host, port: DECOY_PORT })),
    ])
    const [pod] = await list(SANDBOXES, 'pods', `mcphub.io/server=${NAME}`)
    await expectShut(mine, ofNode(String(pod?.status?.['hostIP'])))
    await Promise.all([mine.close(), theirs.close()])
  })

  test('BOX-1, SEC-8: it has no right, and an environment of its own alone', async () => {
    const session = await open(person, NAME)
    const status = await session.call('read', { path: '/proc/self/status' })
    expect(status).toMatch(/^CapEff:\s+0+$/m)
    expect(status).toMatch(/^Uid:\s+64536\s+64536\s+64536\s+64536$/m)
    const env = JSON.parse(await session.call('env')) as Record<string, string>
    expect(env['SERVER_SECRET']).toBe(`of-${person.username}`)
    expect(Object.keys(env).filter((name) => /^(MCPHUB|KUBERNETES)_/.test(name))).toEqual(['MCPHUB_CHILD'])
    await session.close()
  })

  test('BOX-9: a memory bomb ends its own pod or program; the neighbour does not notice', async () => {
    // both begin with pods whose time is not about to end
    await stopAll(NAME)
    const [mine, theirs] = [await open(person, NAME), await open(neighbour, NAME)]
    const [, before] = [await placeOf(mine), await placeOf(theirs)]
    const bomb = mine.call('hog').then(
      () => 'answered',
      () => 'ended',
    )
    // each look keeps the neighbour awake
    while ((await Promise.race([bomb, wait(200)])) === undefined) expect(await placeOf(theirs)).toBe(before)
    expect(await bomb).toBe('ended')
    expect(await placeOf(theirs)).toBe(before)
    await Promise.all([mine.close(), theirs.close()])
  })
})
