// What a page of another origin can do to a person who is logged in at the hub: nothing, whatever it sends and however.
import { ROUTE_LIST } from '@mcphub/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser, openContext, USUAL_LOOK } from './kit/chromium.ts'
import { type ForeignPage, startForeignPage } from './kit/foreign-page.ts'
import { logIn } from './kit/person.ts'

let hub: TestHub
let admin: TestUser
let foreign: ForeignPage

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub()
  admin = await hub.addUser('jisoo')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  foreign = await startForeignPage()
})
afterAll(async () => {
  await endBrowser()
  await foreign?.stop()
  await hub?.stop()
})

interface Attempt {
  readonly path: string
  readonly method: string
}

const CHANGES: readonly Attempt[] = ROUTE_LIST.filter(({ method }) => method !== 'GET').map(({ method, path }) => ({
  method,
  path: path.replace(/:id\b/, '01890000-0000-7000-8000-000000000000').replace(/:\w+/g, 'x'),
}))

/** Runs in the foreign page; what came back, as far as that page may know. */
const FETCH = `async ([url, method]) => {
  const bodies = [['application/json', '{}'], ['text/plain', '{"username":"evil"}'], ['application/x-www-form-urlencoded', 'username=evil']]
  const seen = []
  for (const mode of ['cors', 'no-cors']) for (const [type, body] of bodies) {
    try {
      const answer = await fetch(url, { method, mode, credentials: 'include', headers: { 'content-type': type }, body })
      seen.push(answer.type + ' ' + answer.status)
    } catch { seen.push('refused') }
  }
  return seen
}`

/** A form, as pages have sent them for thirty years: no preflight, the cookie goes along where the browser lets it. Into a frame of its own: one that is
 *  still on its way to the answer before may drop this one. */
async function submitForm(page: Page, url: string): Promise<void> {
  const answered = page.waitForResponse((answer) => answer.url() === url)
  await page.evaluate(`{
    const frame = document.createElement('iframe')
    frame.name = 'target ' + document.forms.length
    const form = document.createElement('form')
    Object.assign(form, { method: 'POST', action: ${JSON.stringify(url)}, target: frame.name, enctype: 'text/plain' })
    const input = document.createElement('input')
    Object.assign(input, { name: '{"username":"evil","x":"', value: '"}' })
    form.append(input)
    document.body.append(frame, form)
    form.submit()
  }`)
  await answered
}

const stateOf = async (): Promise<unknown> => ({
  users: await hub.request('GET', '/api/admin/users/list'),
  sessions: await hub.request('GET', `/api/admin/users/${admin.id}/console-sessions`),
  keys: await hub.request('GET', `/api/admin/users/${admin.id}/keys`),
})

test.for(['sameHost', 'otherHost'] as const)(
  'CON-1: nor in Chromium, from a real page of another origin: $0',
  async (which, { open: _open }) => {
    // not `open`: what this page does is refused, and the browser complains of it
    const context = await openContext(USUAL_LOOK)
    await logIn(context, hub, admin)
    const page = await context.newPage()
    await page.goto(`${hub.url}/api/user/me`)
    expect(JSON.parse(await page.locator('body').innerText())).toMatchObject({ username: 'jisoo', key: null })
    const before = await stateOf()
    await page.goto(foreign[which])
    const read: string[] = []
    for (const { path, method } of CHANGES) {
      const seen: readonly string[] = await page.evaluate(`(${FETCH})(${JSON.stringify([hub.url + path, method])})`)
      read.push(
        ...seen
          .filter((answer) => /^(basic|cors|default)/.test(answer))
          .map((answer) => `${method} ${path}: ${answer}`),
      )
      if (method === 'POST') await submitForm(page, hub.url + path)
    }
    expect(read).toEqual([])
    const stolen = await page.evaluate(
      `fetch(${JSON.stringify(`${hub.url}/api/keys`)}, { credentials: 'include' }).then((a) => a.text(), () => 'refused')`,
    )
    expect(stolen).toBe('refused')
    await context.close()
    const after = await stateOf()
    expect(withoutTimes(after)).toEqual(withoutTimes(before))
  },
)

test('no other page may frame the console', async ({ open: _open }) => {
  const context = await openContext(USUAL_LOOK)
  const page = await context.newPage()
  await page.goto(foreign.sameHost)
  const answered = page.waitForResponse((answer) => answer.url() === `${hub.url}/`)
  await page.evaluate(`{
    const frame = document.createElement('iframe')
    frame.src = ${JSON.stringify(hub.url)}
    document.body.append(frame)
  }`)
  await answered
  await expect.poll(() => page.frames().at(-1)!.url()).toMatch(/^chrome-error:/)
  await context.close()
})

/** When somebody was last seen may change by looking. */
const withoutTimes = (state: unknown): unknown =>
  JSON.parse(JSON.stringify(state, (key, value: unknown) => (key.endsWith('At') ? undefined : value)))
