// What a manifest opens, and nothing beside it. What is found shut here is shut, and not merely absent: a pod without a policy reaches it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Scene } from '../../cluster/checks/kit.ts'
import { buildPod, openScene } from '../../cluster/checks/kit.ts'
import { waitUntil } from '../../cluster/commands.ts'
import { DECOY_PORT, METADATA, PRIVATE, PUBLIC, openDecoys } from '../kit/decoys.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import type { Target } from '../kit/knocks.ts'
import { DNS, expectReached, expectShut, findOpen, ofApiServer, ofHub, ofNode, ofPod } from '../kit/knocks.ts'
import { apply, inSandboxes, read, remove } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const decoy = (host: string): Target => ({ what: host, host, port: DECOY_PORT })
const EGRESS = {
  closed: { mode: 'None' },
  online: { mode: 'Internet' },
  // the metadata address lies in a network that is listed, and stays shut
  listed: { mode: 'Cidrs', cidrs: [`${PRIVATE}/32`, '169.254.0.0/16'] },
} as const
type Mode = keyof typeof EGRESS
const MODES = Object.keys(EGRESS) as Mode[]

const sessions = new Map<Mode, Session>()
const of = (mode: Mode): Session => sessions.get(mode)!
let closeDecoys = (): Promise<void> => Promise.resolve()
let internal: readonly Target[] = []
/** reached by whoever has no policy; hub and sandboxes let nobody in, whoever asks */
let unguarded: readonly Target[] = []
let free: Scene | null = null

describe.runIf(context.own)('BOX-4: egress', () => {
  beforeAll(async () => {
    closeDecoys = await openDecoys()
    free = await openScene('egress')
    await free.startPods(buildPod('free'))
    await apply(...MODES.map((mode) => personalServer(mode, { stdio: { egress: EGRESS[mode] } })))
    const person = await addPerson('traveller')
    await setVariables(person, { USER_STORY_SECRET: 'x' })
    await Promise.all(
      MODES.map(async (mode) => {
        await waitForTools(person, mode)
        sessions.set(mode, await open(person, mode))
      }),
    )
    const closed = await podOf(of('closed'))
    const { status } = await read(SANDBOXES, 'pod', closed)
    const node = ofNode(String(status?.['hostIP']))
    unguarded = [...(await ofApiServer()), ...node]
    internal = [...(await ofHub()), ...(await ofPod(closed)), ...unguarded]
  })
  afterAll(async () => {
    await Promise.all([...sessions.values()].map((session) => session.close()))
    await remove('mcpserver', ...MODES)
    await free?.close()
    await closeDecoys()
  })

  test('a pod without a policy reaches all three addresses, the API server and the node', async () => {
    await expectReached('free', free!.namespace, [...[METADATA, PUBLIC, PRIVATE].map(decoy), DNS, ...unguarded])
  })

  test('None: nothing at all, not even the resolver', async () => {
    await expectShut(of('closed'), [...[METADATA, PUBLIC, PRIVATE].map(decoy), DNS])
  })

  test('NET-1: Internet: public addresses and the resolver, no private one, no metadata, nothing of hub or cluster', async () => {
    expect(await findOpen(of('online'), [decoy(PUBLIC), DNS])).toHaveLength(2)
    // another way to write the address is the same address
    const metadata = [METADATA, '::ffff:169.254.169.254', '2852039166', '0xa9fea9fe']
    await expectShut(of('online'), [...[...metadata, PRIVATE].map(decoy), ...internal])
  })

  test('Cidrs: the networks listed, and metadata even then not', async () => {
    expect(await findOpen(of('listed'), [decoy(PRIVATE), DNS])).toHaveLength(2)
    await expectShut(of('listed'), [decoy(METADATA), decoy(PUBLIC), ...internal])
  })

  test('OPR-4: policies that somebody deletes are back within 10 s, and close what they closed', async () => {
    const names = ['server-listed', 'default-deny']
    const specs = (): Promise<unknown[]> =>
      Promise.all(names.map(async (name) => (await read(SANDBOXES, 'networkpolicy', name)).spec))
    const before = await specs()
    await inSandboxes('delete', 'networkpolicy', ...names)
    await waitUntil('both are back', async () => expect(await specs()).toEqual(before), 10_000)
    // the network hears of it a moment later
    await waitUntil('they hold', async () => (await findOpen(of('listed'), [decoy(PUBLIC)])).length === 0)
    expect(await findOpen(of('listed'), [decoy(PRIVATE)])).toHaveLength(1)
  })
})
