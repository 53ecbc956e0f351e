// Story 3, by `package`: an init container installs it from a registry of the administrator's, and the runner image runs it.
import { createHmac } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { addPerson, open, openAll, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, inSandboxes, podsOf, remove } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import { PACKAGE, PACKAGED } from '../settings.ts'

afterAll(() => remove('mcpserver', 'packaged', 'unknown-package'))

const byPackage = (name: string, npm: object): object =>
  personalServer(name, { stdio: { image: undefined, command: undefined, package: { npm } } })

test('a package is installed and answers, with the same manifest as on one machine', async () => {
  await inSandboxes('apply', '-f', PACKAGED)
  const person = await addPerson('packager')
  await setVariables(person, { USER_STORY_SECRET: 'of-packager' })
  await waitForTools(person, 'packaged', 90_000)
  const session = await open(person, 'packaged')
  const nonce = createHmac('sha256', 'of-packager').update('x').digest('hex')
  expect(await session.call('nonce', { challenge: 'x' })).toBe(nonce)
  const pods = await podsOf('packaged')
  const inits = pods.flatMap(({ spec }) => (spec['initContainers'] as { name: string }[]).map(({ name }) => name))
  expect(inits).toContain('install')
  await session.close()
})

test('a package that is not there is said so at once, with the reason', async () => {
  await apply(byPackage('unknown-package', { ...PACKAGE, name: '@mcphub-e2e/nowhere' }))
  const person = await addPerson('seeker')
  await setVariables(person, { USER_STORY_SECRET: 'of-seeker' })
  const all = await openAll(person)
  await waitUntil('the reason is in the answer', async () => {
    const said = await all.call('unknown-package__count').catch(String)
    return /ConfigError|CrashLoop/.test(said) && /registry|package/i.test(said)
  })
  await all.close()
})
