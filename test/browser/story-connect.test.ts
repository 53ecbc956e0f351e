// R6-1, R6-3: from the set-up link to a tool that answers in an editor: how many acts it takes, what the light says of right and wrong ways, and
// that nothing of the key is left behind.
import type { RouteResponse } from '@mcphub/api'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { connectV1, connectV2 } from '../kit/clients.ts'
import { TestHub, type TestUser } from '../kit/hub.ts'
import { createDatabase } from '../kit/postgres.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { startRemote, type RemoteServer } from './kit/remote-server.ts'
import { countOverflow, takeShown } from './kit/tour.ts'

const PASSWORD = 'a quiet river of 38 stones'
const MOST_ACTS = 6

let greeter: RemoteServer
let hub: TestHub
let person: TestUser

const manifestOf = (name: string, url: string): string => `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: ${name} }
spec: { type: Remote, access: Everyone, discovery: Shared, remote: { url: "${url}" } }
`

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  greeter = await startRemote({
    tools: [{ name: 'greet', description: 'Says hello', inputSchema: { type: 'object' } }],
    answer: () => ({ content: [{ type: 'text', text: 'hello' }] }),
  })
  // not started by its kit, which would use the set-up link up
  hub = new TestHub({
    database: await createDatabase(),
    manifests: { 'first.yaml': manifestOf('first', greeter.url), 'second.yaml': manifestOf('second', greeter.url) },
  })
  await hub.startGateway()
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await greeter?.stop()
})

/** Clicks and fields, counted as a person would. */
function countActs() {
  let acts = 0
  return {
    acts: () => acts,
    click: (locator: Locator) => {
      acts++
      return locator.click()
    },
    fill: (locator: Locator, text: string) => {
      acts++
      return locator.fill(text)
    },
  }
}

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true })
const allowClipboard = (page: Page): Promise<void> =>
  page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: hub.url })
const readClipboard = (page: Page): Promise<string> => page.evaluate('navigator.clipboard.readText()')

interface CursorFile {
  readonly mcpServers: Readonly<Record<string, { readonly url: string }>>
}
const urlIn = (text: string): URL => new URL(Object.values((JSON.parse(text) as CursorFile).mcpServers)[0]!.url)

/** Everything that could still hold a secret when one has gone on. */
const traces = (page: Page): Promise<string> =>
  page.evaluate(`[
    location.href, document.title, JSON.stringify(history.state), document.documentElement.outerHTML,
    ...Object.values(localStorage), ...Object.values(sessionStorage),
    ...performance.getEntries().map((entry) => entry.name),
  ].join(' ')`)

/** Makes a key with what is filled in, and hands out what the page shows of it. */
async function makeKey(page: Page): Promise<string> {
  await button(page, 'Make key').click()
  const block = page.locator('pre').first()
  await block.waitFor()
  return urlIn((await block.textContent())!).searchParams.get('key')!
}

test('R6-1: from the set-up link to a tool that answers in an SDK client: at most six clicks and fields', async ({
  open,
}) => {
  const page = await open({ hub, path: hub.ready!.setupUrl!.slice(new URL(hub.ready!.setupUrl!).origin.length) })
  await allowClipboard(page)
  const { acts, click, fill } = countActs()
  await fill(page.getByLabel('Name'), 'jisoo')
  await fill(page.getByLabel('Password of your choice'), PASSWORD)
  await click(button(page, 'Create and log in'))
  await click(page.getByRole('link', { name: 'Go on: connect an editor' }))
  await page.getByRole('heading', { level: 1, name: 'Connect an editor' }).waitFor()
  await expect.poll(() => page.getByLabel('Name of the key').inputValue()).toBe('Cursor')
  await click(button(page, 'Make key'))
  await page.getByText('Waiting for the first call').waitFor()
  await click(page.getByRole('button', { name: 'Put this into ~/.cursor/mcp.json' }))
  await expect.poll(() => readClipboard(page)).toContain('mcpServers')
  const url = urlIn(await readClipboard(page))
  expect(url.origin).toBe(hub.url)

  const client = await connectV1(url, 'Cursor')
  await page.getByText('Cursor is connected').waitFor()
  await waitUntil(async () => (await client.listTools()).includes('first__greet'), 'the tools are known', 60_000)
  expect(await client.call('first__greet')).toBe('hello')
  await client.close()
  await page.getByText('It is shown 2 tools.').waitFor()
  console.log(`from the set-up link to a tool that answers: ${acts()} clicks and fields`)
  expect(acts()).toBeLessThanOrEqual(MOST_ACTS)

  // left and come back: the light is as it was, the key is nowhere
  const secret = url.searchParams.get('key')!
  expect(await traces(page)).toContain(secret)
  await page.getByRole('link', { name: 'All your keys' }).click()
  await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
  expect(await traces(page)).not.toContain(secret)
  await page.goBack()
  await page.getByText('The key itself is not shown again.').waitFor()
  await page.getByText('Cursor is connected').waitFor()
  expect(await traces(page)).not.toContain(secret)
  await page.reload()
  await page.getByText('Cursor is connected').waitFor()
  await takeShown(page, 'console-connect')
  expect(await traces(page)).not.toContain(secret)

  // for the stories after this one: an administrator's key, and somebody new
  await page.goto(`${hub.url}/connect`)
  hub.adminKey = await makeKey(page)
  person = await hub.addUser('minsu')
})

test('R6-3: each editor has its block; a link that installs is made at the click alone, and leaves nothing behind', async ({
  open,
}) => {
  const page = await open({ hub, path: '/connect?editor=vscode', person })
  await button(page, 'Make key').click()
  await page.getByText('.vscode/mcp.json').waitFor()
  await page.evaluate('HTMLAnchorElement.prototype.click = function () { window.clicked = [this.href, this.rel] }')
  const depth = await page.evaluate('history.length')
  for (const [name, editor, scheme] of [
    ['VS Code', 'VS Code', 'vscode:mcp/install?'],
    ['Cursor', 'Cursor', 'cursor://anysphere.cursor-deeplink/mcp/install?'],
  ] as const) {
    await page.getByRole('radio', { name }).click()
    await expect.poll(() => page.locator('[href^="cursor:"], [href^="vscode:"], [href*="mcphub_"]').count()).toBe(0)
    await button(page, `Add to ${editor}`).click()
    const [href, rel] = await page.evaluate<[string, string]>('window.clicked')
    expect([href.slice(0, scheme.length), rel]).toEqual([scheme, 'noreferrer'])
    await expect.poll(() => page.locator('[href^="cursor:"], [href^="vscode:"], [href*="mcphub_"]').count()).toBe(0)
  }
  expect(await page.evaluate('history.length')).toBe(depth)
  await page.getByRole('radio', { name: 'Claude Code' }).click()
  await page.getByText('claude mcp add --transport http').waitFor()
  await page.getByRole('radio', { name: 'Claude Desktop' }).click()
  await page.getByText('mcp-remote').waitFor()
  await page.getByRole('radio', { name: 'Another one' }).click()
  await page.getByText(/^Authorization: Bearer mcphub_[0-9a-f]{64}$/).waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('editor')).toBe('other')
})

test('R6-3: where the browser keeps the clipboard shut, the text is selected', async ({ open }) => {
  const page = await open({ hub, path: '/connect', person })
  const secret = await makeKey(page)
  await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("no"))')
  await page.getByRole('button', { name: 'Put this into ~/.cursor/mcp.json' }).click()
  await expect.poll(() => page.evaluate('getSelection().toString()')).toContain(secret)
})

/** A wrong way to call, what is said of it and what mends it. */
interface WrongWay {
  readonly kind: string
  readonly headers?: Readonly<Record<string, string>>
  readonly keyOf?: (key: string) => string
  readonly status: number
  readonly says: string
  readonly mends: string
}

const WRONG_WAYS: readonly WrongWay[] = [
  {
    kind: 'a key that was cut off',
    keyOf: (key) => key.slice(0, 50),
    status: 401,
    says: 'A client came with a key that begins like this one, but is another',
    mends: 'Copy the whole text again',
  },
  {
    kind: 'an old revision',
    headers: { 'mcp-protocol-version': '2023-01-01' },
    status: 400,
    says: 'A client asked for revision 2023-01-01 of the protocol',
    mends: 'Update the editor. The hub speaks 2025-11-25',
  },
  {
    kind: 'an Origin that is not the hub’s',
    headers: { origin: 'https://page.example' },
    status: 403,
    says: 'A web page of another site used this key and was refused: https://page.example',
    mends: 'an administrator adds its host to MCPHUB_PUBLIC_HOSTS',
  },
  {
    kind: 'an Accept the hub has no answer for',
    headers: { accept: 'text/html' },
    status: 406,
    says: 'A client accepts only text/html',
    mends: 'Accept: application/json, text/event-stream',
  },
]

const list = (key: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${hub.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })

test('R6-3: each wrong way has its own sentence with what mends it, and the right one turns the light green', async ({
  open,
}) => {
  const page = await open({ hub, path: '/connect', person })
  const key = await makeKey(page)
  await page.getByText('Waiting for the first call').waitFor()
  const shown = page.getByRole('region', { name: 'Connection' })
  for (const { kind, headers, keyOf = (text: string) => text, status, says, mends } of WRONG_WAYS) {
    // the page asked for the watch a moment ago: until the hub knows of it, it is called again
    const call = async (): Promise<string> => {
      expect([kind, (await list(keyOf(key), headers)).status]).toEqual([kind, status])
      return (await shown.textContent()) ?? ''
    }
    await expect.poll(call, { interval: 200, timeout: 8_000 }).toContain(says)
    await expect.poll(() => shown.textContent()).toContain(mends)
  }
  const client = await connectV2(hub.endpoint(key))
  await client.listTools()
  await client.close()
  await page.getByText('story is connected').waitFor()
})

test('R6-3: a key for one server and seven days, one for a group and with a name of its own; revoked, it is gone everywhere', async ({
  open,
}) => {
  await hub.request('POST', '/api/user/groups', { name: 'work', servers: ['second'], active: false }, person.key)
  const page = await open({ hub, path: '/connect', person })
  await page.getByLabel('What may it use?').selectOption({ label: 'One server' })
  await page.getByLabel('Server', { exact: true }).selectOption({ label: 'second' })
  await page.getByLabel('How long is it valid?').selectOption({ label: 'For 7 days' })
  const expiring = await makeKey(page)
  await page.locator('pre').getByText(`${hub.url}/mcp/second?key=`).waitFor()
  const { items } = await hub.request<RouteResponse<'listKeys'>>('GET', '/api/keys', undefined, person.key)
  const made = items.find(({ preview }) => preview.endsWith(expiring.slice(-4)))
  const days = (Date.parse(made?.expiresAt ?? '') - Date.now()) / 86_400_000
  expect(days).toBeGreaterThan(6.9)
  expect(days).toBeLessThanOrEqual(7)

  await button(page, 'Make another key').click()
  await page.getByLabel('Name of the key').fill('for work')
  await page.getByLabel('What may it use?').selectOption({ label: 'One of my groups' })
  const grouped = await makeKey(page)
  const client = await connectV2(hub.endpoint(grouped))
  await waitUntil(async () => (await client.listTools()).length > 0, 'the tools are known', 60_000)
  await expect.poll(() => client.listTools()).toEqual(['second__greet'])
  await client.close()

  await page.getByRole('link', { name: 'All your keys' }).click()
  const row = page.getByRole('row', { name: /for work/ })
  await row.getByText('Group work').waitFor()
  await button(page, 'Revoke for work').click()
  await page.getByRole('dialog').getByText('There is no way back').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await row.waitFor({ state: 'detached' })
  await waitUntil(async () => (await list(grouped)).status === 401, 'the key is refused')
})

test.for(['en', 'ko'] as const)(
  'R6-8: with a key in hand everything has a name, also on a phone: %s',
  async (language, { open }) => {
    const found: string[] = []
    for (const theme of ['light', 'dark'] as const) {
      const page = await open({ hub, path: '/connect', person, language, theme, width: 360 })
      await page.locator('form button[type=submit]').click()
      await page.locator('pre').first().waitFor()
      for (const choice of await page.getByRole('radio').all()) {
        await choice.click()
        found.push(...(await checkAccess(page)))
        await expect.poll(() => countOverflow(page)).toBe(0)
      }
      await page.goto(`${hub.url}/keys`)
      await page.getByRole('row').first().waitFor()
      found.push(...(await checkAccess(page)))
      await expect.poll(() => countOverflow(page)).toBe(0)
    }
    expect(found).toEqual([])
  },
)
