// Story 8, as people see it in the console: what their sandbox says, stop and restart are the same through whichever gateway, also when the one that
// was attached goes away.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { fetchAt } from '../kit/fetch.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, openAt, replicaAddresses, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, conditionOf, gatewayPods, inHub, isGoing, podsOf, remove, waitForNone } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'

const SECRET = 'harmless-canary-of-gina'
let gina: Person
let stranger: Person
/** attached to her sandbox, and not */
let near: string
let far: string
/** the gateway's pod */
let nearPod: string
let id: string

const ask = (address: string, person: Person, path = '', init: RequestInit = {}): Promise<Response> =>
  fetchAt(address)(`${context.url}/api/sandboxes${path}`, {
    ...init,
    headers: { authorization: `Bearer ${person.key}` },
  })

interface Listing {
  readonly items: readonly { readonly id: string; readonly server: string; readonly pid: number | null }[]
}
const findHers = async (address: string): Promise<Listing['items'][number] | undefined> =>
  ((await (await ask(address, gina)).json()) as Listing).items.find(({ server }) => server === 'talks')

/** Calls one tool through one replica, which is attached from then on. */
async function callAt(address: string, tool: string, args: object = {}, person = gina): Promise<string> {
  const session = await openAt(address, person, 'talks')
  const answer = await session.call(tool, { ...args })
  await session.close()
  return answer
}

/** Nothing of it runs and nobody is attached: the next call decides who is. */
async function stopAt(address: string): Promise<void> {
  expect((await ask(address, gina, `/${id}`, { method: 'DELETE' })).status).toBe(204)
  await waitForNone('pods of talks', () => podsOf('talks'))
}

async function listenAt(address: string): Promise<{ hear(wanted: RegExp): Promise<string>; close(): Promise<void> }> {
  const answer = await ask(address, gina, `/${id}/logs/stream`)
  expect(answer.status).toBe(200)
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  return {
    async hear(wanted) {
      while (!wanted.test(heard)) heard += (await reader.read()).value ?? expect.fail(`it is over after ${heard}`)
      return heard
    },
    close: () => reader.cancel(),
  }
}

beforeAll(async () => {
  await apply(personalServer('talks', { stdio: { idleTimeoutSeconds: 600 } }))
  gina = await addPerson('gina')
  stranger = await addPerson('stranger')
  await setVariables(gina, { USER_STORY_SECRET: SECRET })
  await setVariables(stranger, { USER_STORY_SECRET: 'of-a-stranger' })
  await waitForTools(gina, 'talks')
  const [first = '', second = ''] = await replicaAddresses()
  nearPod = (await gatewayPods())[0]!.metadata.name
  near = first
  far = second
  await callAt(near, 'count')
  id = (await findHers(near))!.id
  await stopAt(far)
})
afterAll(async () => {
  await remove('mcpserver', 'talks')
})

test('R6-6: stderr comes through the gateway that is not attached, from before and live, values hidden, to its person alone', async () => {
  await callAt(near, 'log', { line: `before ${SECRET}` })
  const stream = await listenAt(far)
  await stream.hear(/before \[redacted\]/)
  await callAt(near, 'log', { line: `after ${SECRET}` })
  expect(await stream.hear(/after \[redacted\]/)).not.toMatch(/unheard|canary/)
  await stream.close()
  expect(await findHers(far)).toEqual(await findHers(near))
  for (const address of [near, far])
    for (const path of [`/${id}/logs`, `/${id}/logs/stream`])
      expect([path, (await ask(address, stranger, path)).status]).toEqual([path, 404])
})

test('R6-6: a restart through it is one: another process, and a stop lasts', async () => {
  await callAt(near, 'set', { value: 'of the old one' })
  expect((await ask(far, gina, `/${id}/restart`, { method: 'POST' })).status).toBe(204)
  expect([await callAt(far, 'get'), await callAt(near, 'get')]).toEqual(['nothing', 'nothing'])
  await stopAt(far)
  // the gateway that was attached keeps nothing up, while it wakes what is another's
  await callAt(near, 'count', {}, stranger)
  // hers takes its time to go
  const awake = async (): Promise<(string | undefined)[]> =>
    (await podsOf('talks')).map(({ metadata }) => metadata.labels?.['mcphub.io/sandbox'])
  await waitUntil('her pod is gone, and that of the call is there', async () => {
    const pods = await awake()
    return pods.length === 1 && !pods.includes(id)
  })
})

test('R6-6: the gateway that was attached ends: the stream at the other says so, and goes on with the next call', async () => {
  await callAt(near, 'log', { line: 'before it ends' })
  const hers = async (): Promise<string[]> =>
    (await podsOf('talks'))
      .filter((pod) => pod.metadata.labels?.['mcphub.io/sandbox'] === id && !isGoing(pod))
      .map(({ metadata }) => metadata.uid)
  const before = await hers()
  const stream = await listenAt(far)
  await stream.hear(/before it ends/)
  await inHub('delete', 'pod', nearPod, '--grace-period=0', '--force', '--wait=false')
  await stream.hear(/event: unheard/)
  await callAt(far, 'log', { line: 'and afterwards' })
  expect(await stream.hear(/and afterwards/)).toMatch(/event: gap/)
  await stream.close()
  // the program never noticed
  expect([before.length, await hers()]).toEqual([1, before])
  const ready = async (): Promise<number> =>
    (await gatewayPods()).filter((one) => conditionOf(one, 'Ready')?.status === 'True').length
  await waitUntil('both are ready', async () => (await ready()) === 2, 120_000)
})
