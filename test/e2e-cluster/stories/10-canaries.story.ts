// The values people typed are nowhere but in the database, sealed: all of etcd, all objects, events and logs are searched for them.
import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { STATE } from '../../cluster/settings.ts'
import { readEtcd } from '../kit/faults.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, kubectl, list, remove } from '../kit/kube.ts'
import { reachPod } from '../kit/reach.ts'
import { personalServer } from '../kit/servers.ts'
import { HUB, SANDBOXES } from '../settings.ts'

const canary = randomBytes(24).toString('base64url')

/** As it is, cut to its head, as it would look inside base64, at each of three offsets, and as hex. */
function formsOf(value: string): string[] {
  const encoded = [0, 1, 2].map((offset) => {
    const text = Buffer.from(' '.repeat(offset) + value).toString('base64')
    return text.slice(4, -4)
  })
  return [value, value.slice(0, 8), ...encoded, Buffer.from(value).toString('hex')]
}
const holds = (text: string): boolean => formsOf(canary).some((form) => text.includes(form))

afterAll(() => remove('mcpserver', 'canary', 'canary-broken'))

test('the flow with a canary as the secret, failures included', async () => {
  await apply(
    personalServer('canary', { stdio: { args: ['--as', '${USER_STORY_SECRET}'], warmPool: { replicas: 1 } } }),
    personalServer('canary-broken', {
      stdio: { command: ['node', '/app/nothing.mjs'], args: ['${USER_STORY_SECRET}'] },
    }),
  )
  const person = await addPerson('canary')
  await setVariables(person, { USER_STORY_SECRET: canary })
  await waitForTools(person, 'canary')
  const session = await open(person, 'canary')
  // the child has it: the search is not for something that never was
  expect(JSON.parse(await session.call('env'))).toMatchObject({ SERVER_SECRET: canary })
  await session.call('crash').catch(() => {})
  await session.call('count')
  const broken = await open(person, 'canary-broken')
  await expect(broken.call('count')).rejects.toThrow()
  await broken.close()
  await session.close()
})

test('SEC-4: no object of the cluster holds it', async () => {
  for (const kinds of [
    'pods,secrets,configmaps,events,leases,pvc',
    'mcpservers,usergroups,mcpsandboxes',
    'events.events.k8s.io',
  ])
    for (const namespace of [HUB, SANDBOXES])
      expect(holds(await kubectl('-n', namespace, 'get', kinds, '-o', 'json')), `${kinds} in ${namespace}`).toBe(false)
})

test('SEC-4: no key of etcd holds it', async ({ skip }) => {
  skip(!context.own, 'etcd of a foreign cluster cannot be read')
  const keys = await readEtcd()
  expect(keys.size).toBeGreaterThan(100)
  expect([...keys].filter(([key, value]) => holds(key) || holds(value)).map(([key]) => key)).toEqual([])
})

test('SEC-4: no file of etcd holds it, which have what was overwritten and deleted as well', ({ skip }) => {
  skip(!context.own, 'etcd of a foreign cluster cannot be read')
  const folder = join(STATE, 'etcd')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.wal$|\/db$/.test(name))
  const holding = (form: string): string[] => files.filter((name) => readFileSync(join(folder, name)).includes(form))
  // the search itself finds what is there
  expect(holding('mcphub.io').length).toBeGreaterThan(1)
  expect(formsOf(canary).flatMap(holding)).toEqual([])
})

test('SEC-2: no log of the hub or of a sandbox holds it, at level debug', async () => {
  let bytes = 0
  for (const namespace of [HUB, SANDBOXES]) {
    for (const { metadata } of await list(namespace, 'pods')) {
      const text = await kubectl('-n', namespace, 'logs', metadata.name, '--all-containers').catch(() => '')
      bytes += text.length
      expect(holds(text), `log of ${metadata.name}`).toBe(false)
    }
  }
  expect(bytes).toBeGreaterThan(1000)
})

test('SEC-2: no metric holds it', async () => {
  const pods = await list(HUB, 'pods', 'app.kubernetes.io/component in (gateway,operator)')
  for (const pod of pods) {
    const port = pod.metadata.labels?.['app.kubernetes.io/component'] === 'gateway' ? 9090 : 8080
    const answer = await fetch(`http://${await reachPod(pod, port)}/metrics`)
    const text = await answer.text()
    expect(text).toContain('# TYPE')
    expect(holds(text), `metrics of ${pod.metadata.name}`).toBe(false)
  }
  expect(pods.length).toBeGreaterThan(3)
})
