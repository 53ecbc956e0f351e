// What a first visit brings over the wire, and that nothing jumps meanwhile. How long it takes is bench/console's matter.
import type { Request, Response } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { measureVisit, SLOW_DOWN } from './kit/figures.ts'

const SERVERS = 500
const REFUSED = 'For administrators'
/** Longer than what has just happened is told: changes (JUST_BEFORE_MS of news-feed.ts), and records of the audit (10 s of pg-news-store.ts). */
const QUIET_MS = 11_000

let hub: TestHub
let person: TestUser

const manifest = (index: number): readonly [string, string] => [
  `server-${index}.yaml`,
  `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: server-${index} }
spec: { description: 'Number ${index} of many', access: Everyone, type: Remote, remote: { url: 'http://127.0.0.1:9/mcp' } }
`,
]

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({
    manifests: Object.fromEntries(Array.from({ length: SERVERS }, (_, index) => manifest(index))),
  })
  person = await hub.addUser('minsu')
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

test('R6-10: a first visit, on a slow machine: what comes over the wire, and nothing jumps', async ({ open }) => {
  const page = await open({ hub, path: '/icon.svg', person })
  const { script, style, largestPaint, layoutShift } = await measureVisit(
    page,
    `${hub.url}/servers`,
    'Servers',
    SLOW_DOWN,
  )
  expect(script).toBeGreaterThan(50_000)
  expect(script).toBeLessThanOrEqual(150_000)
  expect(style).toBeGreaterThan(5_000)
  expect(style).toBeLessThanOrEqual(20_000)
  expect(largestPaint).toBeGreaterThan(0)
  expect(layoutShift).toBeLessThanOrEqual(0.05)
})

test('R6-11: of 500 servers the page holds those one sees, however far one scrolls', async ({ open }) => {
  const page = await open({ hub, path: '/servers', person })
  const rows = page.getByRole('list', { name: 'Servers' }).getByRole('listitem')
  await rows.first().waitFor()
  await expect.poll(() => rows.count()).toBeLessThan(100)
  await page.mouse.move(640, 400)
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, 2_000)
      return page.evaluate<number>('scrollY')
    })
    .toBeGreaterThan(10_000)
  await expect.poll(() => rows.count()).toBeLessThan(100)
})

test('R6-10: what a page begins with is asked for while its code comes, and once; nobody asks what would be refused', async ({
  open,
}) => {
  const page = await open({ hub, path: '/icon.svg', person })
  // what changed just before a page asked may be news to the hub it asked: here, that somebody logged in
  const quietFrom = performance.now() + QUIET_MS
  await expect.poll(() => performance.now()).toBeGreaterThan(quietFrom)
  const visit = async (path: string): Promise<{ asked: readonly string[]; refused: number }> => {
    const asked: string[] = []
    let refused = 0
    const onRequest = (request: Request): void => {
      const { pathname, search } = new URL(request.url())
      if (pathname.startsWith('/api/') && request.method() === 'GET') asked.push(pathname + search)
    }
    const onAnswer = (answer: Response): void => {
      if (answer.status() >= 400) refused++
    }
    page.on('request', onRequest).on('response', onAnswer)
    await page.goto(hub.url + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForLoadState('networkidle')
    page.off('request', onRequest).off('response', onAnswer)
    return { asked, refused }
  }
  for (const path of ['/', '/servers', '/account', '/connect', '/groups', '/keys', '/activity', '/sandboxes']) {
    const { asked, refused } = await visit(path)
    expect([path, asked.length - new Set(asked).size, refused]).toEqual([path, 0, 0])
  }
  // however it is written: the router takes them for one
  for (const path of ['/admin/people', '/Admin/people', '/%61dmin/people', '/SETUP/providers']) {
    const { asked, refused } = await visit(path)
    expect([path, asked.filter((one) => one.startsWith('/api/admin/')), refused]).toEqual([path, [], 0])
    await page.getByRole('heading', { level: 1, name: REFUSED }).waitFor()
  }
})
