// Story 3: an administrator with kubectl: what reads well, what is refused and in which words.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { request } from '../kit/hub.ts'
import { apply, cluster, conditionOf, inSandboxes, kubectl, list, read, remove } from '../kit/kube.ts'
import { group, personalServer } from '../kit/servers.ts'
import { SANDBOXES } from '../settings.ts'

const ELSEWHERE = 'story-elsewhere'

beforeAll(() => apply(personalServer('manifest'), group('manifest-people', { servers: ['manifest', 'not-there'] })))
afterAll(async () => {
  await kubectl('delete', 'namespace', ELSEWHERE, '--ignore-not-found', '--wait=false')
  await remove('mcpserver', 'manifest', 'manifest-later')
  await remove('usergroup', 'manifest-people')
})

const refusalOf = async (object: object): Promise<string> => {
  try {
    await apply(object)
  } catch (error) {
    return String(error)
  }
  throw new Error('It was accepted.')
}

test('`kubectl get` shows type, readiness and counts', async () => {
  const [head = ''] = (await inSandboxes('get', 'mcps')).split('\n')
  expect(head.split(/\s+/)).toEqual(expect.arrayContaining(['NAME', 'TYPE', 'READY', 'RUNNING', 'WARM', 'AGE']))
  expect((await inSandboxes('get', 'ug')).split('\n')[0]).toMatch(/^NAME\s+.*AGE/)
  expect(await inSandboxes('get', 'mcps,ug')).toContain('usergroup.mcphub.io/manifest-people')
})

test('`kubectl explain` says what every field is for', async () => {
  const said = await kubectl('explain', 'mcpserver.spec.stdio', '--recursive=false')
  expect(said).toContain('warmPool')
  expect(said).toMatch(/Pods that are started before anybody calls/)
})

test('a server becomes Ready, and says so of the generation it saw', async () => {
  await waitUntil('the server is Ready', async () => {
    const server = await read(SANDBOXES, 'mcpserver', 'manifest')
    return conditionOf(server, 'Ready')?.status === 'True' && server.status?.['observedGeneration'] === 1
  })
})

test('a group that names a server that is not there says which', async () => {
  await waitUntil('the group says what is missing', async () => {
    const found = conditionOf(await read(SANDBOXES, 'usergroup', 'manifest-people'), 'ServersResolved')
    return found?.status === 'False' && found.message.includes('not-there')
  })
})

test.each([
  ['an image by tag', { stdio: { image: 'registry/name:1' } }, /name the image by digest/],
  ['no command for an image', { stdio: { command: undefined } }, /an image needs its command/],
  ['two programs', { stdio: { package: { npm: { name: 'x', version: '1.0.0' } } } }, /not both/],
  ['a variable in the command', { stdio: { command: ['${USER_X}'] } }, /no variable can stand in the command/],
  [
    'a warm pool with a kept folder',
    { stdio: { warmPool: { replicas: 1 }, persistence: { mode: 'Retain' } } },
    /a warm pool needs persistence.mode: None/,
  ],
  ['a unit that is none', { stdio: { resources: { memory: 'much' } } }, /give bytes such as 256Mi/],
] as const)('the API server refuses %s and names the fix', async (_what, options, words) => {
  expect(await refusalOf(personalServer('refused', options))).toMatch(words)
})

test('the type of a server cannot change', async () => {
  const changed = {
    ...personalServer('manifest'),
    spec: { type: 'Remote', remote: { url: 'https://example.com/mcp' } },
  }
  expect(await refusalOf(changed)).toMatch(/the type of a server cannot change/)
})

test('OPR-7: servers and groups of another namespace are nobody’s, also one of a name that is known', async () => {
  await kubectl('create', 'namespace', ELSEWHERE)
  const items = [personalServer('manifest'), personalServer('stranger'), group('strangers', { servers: ['manifest'] })]
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  await cluster.kubectl(['-n', ELSEWHERE, 'apply', '-f', '-'], { input })
  // what came later is known already: those would be too
  await apply(personalServer('manifest-later'))
  await waitUntil('the later one is Ready', async () => {
    return conditionOf(await read(SANDBOXES, 'mcpserver', 'manifest-later'), 'Ready')?.status === 'True'
  })
  const strangers = [...(await list(ELSEWHERE, 'mcpservers')), ...(await list(ELSEWHERE, 'usergroups'))]
  expect(strangers.length).toBe(3)
  expect(strangers.filter(({ status }) => status?.conditions !== undefined)).toEqual([])
  expect(await list(ELSEWHERE, 'pods')).toEqual([])
  const { items: known } = await request<{ items: { name: string }[] }>('GET', '/api/servers')
  expect(known.map(({ name }) => name)).toEqual(expect.arrayContaining(['manifest', 'manifest-later']))
  expect(known.filter(({ name }) => name === 'stranger')).toEqual([])
})
