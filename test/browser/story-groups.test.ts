// R6-5: groups: made, filled, turned, renamed and removed at the page; what the editor gets, and when it is too much for it.
import { afterAll, beforeAll, expect } from 'vitest'
import type { Page, Route } from 'playwright-core'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { RawClient } from '../kit/raw-client.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { startRemote, type RemoteServer } from './kit/remote-server.ts'
import { waitUntilShown } from './kit/tour.ts'

/** Together above every bound; two of them above the second, one above the first. */
const SERVERS = { mail: 44, planning: 43, wiki: 42 } as const
/** Of which nothing is known: nobody listens there. */
const SILENT = ['archive', 'builds', 'calendar', 'designs', 'finance', 'legal', 'maps']
const NOWHERE = 'http://127.0.0.1:9/mcp'

let hub: TestHub
const remotes: RemoteServer[] = []

const manifest = (name: string, url: string): string => `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: ${name} }
spec:
  displayName: ${name[0]!.toUpperCase()}${name.slice(1)}
  type: Remote
  remote: { url: "${url}" }
  discovery: Shared
  access: Everyone
`

const toolsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `${name}_${index}`, inputSchema: { type: 'object' } as const }))

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  const manifests: Record<string, string> = {}
  for (const [name, count] of Object.entries(SERVERS)) {
    const remote = await startRemote({ tools: toolsOf(name, count) })
    remotes.push(remote)
    manifests[`${name}.yaml`] = manifest(name, remote.url)
  }
  for (const name of SILENT) manifests[`${name}.yaml`] = manifest(name, NOWHERE)
  hub = await startHub({ manifests })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await Promise.all(remotes.map((remote) => remote.stop()))
})

interface Member {
  readonly person: TestUser
  /** how many tools their editor is shown now */
  readonly countTools: () => Promise<number>
}

async function addMember(name: string): Promise<Member> {
  const person = await hub.addUser(name)
  const editor = await new RawClient({
    ...{ url: new URL(`${hub.url}/mcp`), key: person.key, revision: '2025-11-25' },
  }).connect()
  const countTools = async (): Promise<number> => {
    const { result } = await editor.request('tools/list')
    return (result.tools as unknown[]).length
  }
  const all = SERVERS.mail + SERVERS.planning + SERVERS.wiki
  await waitUntil(async () => (await countTools()) === all, 'all tools are known')
  return { person, countTools }
}

const told = (page: Page, text: string): Promise<void> => page.getByRole('main').getByText(text).waitFor()

async function makeGroup(page: Page, name: string, search: string, server: string): Promise<void> {
  await page.getByRole('button', { name: 'New group' }).click()
  const dialog = page.getByRole('dialog', { name: 'New group' })
  await dialog.getByLabel('Name', { exact: true }).fill(name)
  const boxes = dialog.getByRole('checkbox')
  await expect.poll(() => boxes.count()).toBe(SILENT.length + Object.keys(SERVERS).length)
  await dialog.getByRole('searchbox').fill(search)
  await expect.poll(() => boxes.count()).toBe(1)
  await dialog.getByRole('checkbox', { name: server }).check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
}

const groupSwitch = (page: Page, name: string) => page.getByRole('switch', { name, exact: true })

test('R6-5: from all tools to the few a piece of work needs; each bound has its sentence, and the editor gets what the page says', async ({
  open,
}) => {
  const { person, countTools } = await addMember('minsu')
  const page = await open({ hub, path: '/groups', person })
  await told(page, 'Your editor gets 129 tools: all that you may use.')
  await told(page, 'From 128 tools on')
  await page.getByText('You have no group yet').waitFor()

  await makeGroup(page, 'Writing', 'wik', 'Wiki')
  await told(page, 'Your editor gets 42 tools from the groups that are on.')
  await told(page, 'From 40 tools on')
  await expect.poll(() => countTools()).toBe(42)
  await page.getByRole('listitem').filter({ hasText: 'Writing' }).getByText('42 tools').waitFor()

  await makeGroup(page, 'Letters', 'mai', 'Mail')
  await told(page, 'Your editor gets 86 tools from the groups that are on.')
  await told(page, 'From 80 tools on')
  await expect.poll(() => countTools()).toBe(86)

  await groupSwitch(page, 'Writing').click()
  await told(page, 'Your editor gets 44 tools from the groups that are on.')
  await expect.poll(() => countTools()).toBe(44)
  await groupSwitch(page, 'Letters').click()
  await told(page, 'Your editor gets no tools: all groups are off.')
  // the page knows before the hub does
  await expect.poll(countTools).toBe(0)
  await expect.poll(() => groupSwitch(page, 'Letters').getAttribute('aria-checked')).toBe('false')
})

test('R6-5: a group is renamed, filled anew and removed; a name twice is said at its field', async ({ open }) => {
  const { person, countTools } = await addMember('seoyeon')
  const page = await open({ hub, path: '/groups', person })
  await makeGroup(page, 'Mornings', 'plan', 'Planning')
  await makeGroup(page, 'Evenings', 'plan', 'Planning')
  await page.getByRole('button', { name: 'Change Evenings' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change Evenings' })
  const name = dialog.getByLabel('Name', { exact: true })
  await name.fill('Mornings')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('You have a group of this name already.').waitFor()
  await expect.poll(() => name.getAttribute('aria-invalid')).toBe('true')
  await name.fill('Nights')
  await dialog.getByLabel('Note').fill('When all is quiet')
  await dialog.getByRole('checkbox', { name: 'Planning' }).uncheck()
  await dialog.getByRole('checkbox', { name: 'Wiki' }).check()
  await dialog.getByText('Together they bring 42 tools.').waitFor()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText('When all is quiet').waitFor()
  await page.getByRole('list', { name: 'Servers of Nights' }).getByRole('link', { name: 'Wiki' }).waitFor()
  await expect.poll(() => countTools()).toBe(85)

  await page.getByRole('button', { name: 'Remove Mornings' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await told(page, 'Your editor gets 42 tools from the groups that are on.')
  await expect.poll(() => groupSwitch(page, 'Mornings').count()).toBe(0)
  await expect.poll(() => countTools()).toBe(42)
})

test('R6-5: a switch is turned at once, and turned back where the hub refuses', async ({ open }) => {
  const { person } = await addMember('jihun')
  await hub.request('POST', '/api/user/groups', { name: 'Work', servers: ['wiki'] }, person.key)
  const page = await open({ hub, path: '/groups', person })
  await waitUntilShown(page)
  const isOn = (): Promise<string | null> => groupSwitch(page, 'Work').getAttribute('aria-checked')
  const asked = Promise.withResolvers<Route>()
  await page.route('**/api/user/groups/*/active', (route) => asked.resolve(route))
  await expect.poll(() => isOn()).toBe('true')
  await groupSwitch(page, 'Work').click()
  const route = await asked.promise
  // nobody has answered yet
  await expect.poll(isOn).toBe('false')
  const problem = {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    code: 'conflict',
    detail: 'No',
    requestId: 'r-1',
  }
  await route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(problem) })
  await page.getByRole('alert').getByText('r-1').waitFor()
  await expect.poll(isOn).toBe('true')
})

test('R6-5: what another window does is seen in this one', async ({ open }) => {
  const { person } = await addMember('doyun')
  const page = await open({ hub, path: '/groups', person })
  await told(page, 'Your editor gets 129 tools: all that you may use.')
  await hub.request('POST', '/api/user/groups', { name: 'From elsewhere', servers: ['mail'] }, person.key)
  await told(page, 'Your editor gets 44 tools from the groups that are on.')
  await groupSwitch(page, 'From elsewhere').waitFor()
})

test('R6-5: so is what it does before this one can hear of it', async ({ open }) => {
  const { person } = await addMember('eunji')
  const page = await open({ hub, path: '/icon.svg', person })
  const listening = Promise.withResolvers<Route>()
  await page.route('**/api/events?*', (route) => listening.resolve(route))
  await page.goto(`${hub.url}/groups`)
  await told(page, 'Your editor gets 129 tools: all that you may use.')
  await hub.request('POST', '/api/user/groups', { name: 'From elsewhere', servers: ['mail'] }, person.key)
  await (await listening.promise).continue()
  await told(page, 'Your editor gets 44 tools from the groups that are on.')
})
