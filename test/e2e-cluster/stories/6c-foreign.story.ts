// Story 6, programs that others wrote, in images without Node, glibc or a shell of ours: the shim stands in front of each.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ForeignImage } from '../foreign-images.ts'
import { prepareForeignImages } from '../foreign-images.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, podsOf, remove } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'

let person: Person

beforeAll(async () => {
  // built by the run already
  const { github, alpine } = await prepareForeignImages()
  const imageOf = ({ byDigest }: ForeignImage): string => context.imageNames[byDigest] ?? byDigest
  const env = [
    { name: 'GITHUB_PERSONAL_ACCESS_TOKEN', value: '${USER_STORY_SECRET}' },
    // nobody listens there, which it can say at once: names are not resolved in a pod without egress
    { name: 'GITHUB_HOST', value: 'https://127.0.0.1' },
  ]
  await apply(
    personalServer('github', { stdio: { image: imageOf(github), command: ['/server', 'stdio'], env } }),
    personalServer('alpine', { stdio: { image: imageOf(alpine), command: ['/bin/sh', '/app/start.sh'] } }),
  )
  person = await addPerson('foreign')
  await setVariables(person, { USER_STORY_SECRET: 'github_pat_of_the_story' })
  await Promise.all(['github', 'alpine'].map((server) => waitForTools(person, server)))
})
afterAll(() => remove('mcpserver', 'github', 'alpine'))

test("GitHub's own server, a Go program on an empty image: its tools are listed, a call reaches it and is answered", async () => {
  const session = await open(person, 'github')
  expect(await session.listTools()).toEqual(expect.arrayContaining(['get_file_contents', 'create_pull_request']))
  // what it says of the call is its own answer
  await expect(session.call('get_me')).rejects.toThrow(/failed to get user.*\/api\/v3\/user/)
  await session.close()
})

test('a program of musl behind a shell, as Alpine has them: it runs on that libc and has the person’s value', async () => {
  const session = await open(person, 'alpine', { sdk: '2.4' })
  expect(await session.call('libc')).toBe('musl github_pat_of_the_story')
  await session.close()
})

test('each has the shim in front of its own command', async () => {
  for (const server of ['github', 'alpine']) {
    const [pod] = await podsOf(server)
    expect(pod?.spec['containers']).toMatchObject([{ command: ['/mcphub/shim/shim'] }])
  }
})
