// Story 6 on two nodes: a sandbox on the other node, policies across both, and that node lost. Mostly waiting for the cluster to believe it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { NODE1, NODE2 } from '../../cluster/settings.ts'
import { recordFigure } from '../kit/figures.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { expectShut, ofApiServer, ofHub, ofNode, ofPod } from '../kit/knocks.ts'
import { apply, cluster, kubectl, podsOf, read, remove } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

/** twelve seconds of silence, and room for a machine that is busy with something else */
const GIVEN_UP_MS = 25_000

let session: Session

async function enter(name: string): Promise<Session> {
  const person = await addPerson(name)
  await setVariables(person, { USER_STORY_SECRET: `of-${name}` })
  await waitForTools(person, 'far', 90_000)
  return open(person, 'far')
}

const nodeOf = async (one: Session): Promise<unknown> =>
  (await read(SANDBOXES, 'pod', await podOf(one))).spec['nodeName']

describe.runIf(context.own)('two nodes', () => {
  beforeAll(async () => {
    await cluster.addNode()
    for (const archive of context.sandboxArchives) await cluster.loadImage(archive)
    await kubectl('cordon', NODE1.name)
    await apply(personalServer('far'))
    session = await enter('traveller')
  })
  afterAll(async () => {
    await remove('mcpserver', 'far')
    await kubectl('uncordon', NODE1.name)
    await cluster.removeNode()
  })

  test('BOX-4: a sandbox on the other node answers; it reaches no pod of the first one, nothing of hub, API server and nodes', async () => {
    expect(await nodeOf(session)).toBe(NODE2.name)
    await kubectl('cordon', NODE2.name)
    await kubectl('uncordon', NODE1.name)
    const neighbour = await enter('neighbour')
    expect(await nodeOf(neighbour)).toBe(NODE1.name)
    // a policy never holds between a pod and its own node: only from the second one does this say something of the first
    await expectShut(session, [
      ...(await ofPod(await podOf(neighbour))),
      ...(await ofHub()),
      ...(await ofApiServer()),
      ...ofNode(NODE1.ip),
    ])
    await expectShut(neighbour, [...(await ofPod(await podOf(session))), ...ofNode(NODE2.ip)])
    await neighbour.close()
    await kubectl('uncordon', NODE2.name)
  })

  test(
    'that node lost, the call in flight is told so in time, and the next one has another pod',
    { timeout: 300_000 },
    async () => {
      const before = await placeOf(session)
      const going = session.call('slow', { ms: 60_000 }).then(
        () => 'answered',
        (error: unknown) => String(error),
      )
      await session.call('count')
      await cluster.loseNode()
      const lost = performance.now()
      // nobody tells: the gateway asks a silent pod, and gives up on it, unless a router says before that the way there is gone
      const told = await going
      expect(told).toMatch(/"far" was lost during the call: .*(node may be lost|connection to its pod was lost)/)
      const byGateway = told.includes('node may be lost') ? 1 : 0
      recordFigure({ name: 'lost node: found by the gateway (1) or told by a router (0)', value: byGateway, unit: '' })
      expect(performance.now() - lost).toBeLessThan(GIVEN_UP_MS)
      await cluster.removeNode()
      await waitUntil(
        'a pod on the node that is left answers',
        async () => (await placeOf(session)) !== before,
        120_000,
      )
      const pods = (await podsOf('far')).map(({ spec }) => spec['nodeName'])
      expect(pods).toContain(NODE1.name)
      await session.close()
    },
  )
})
