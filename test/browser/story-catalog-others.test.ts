// R6-7: where others have a hand in the catalogue as well: what two change at the same time, what was made or removed meanwhile, and what is kept
// elsewhere. Nobody's work is lost, and nothing of somebody else's is overwritten unasked.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RouteResponse } from '@mcphub/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { addLine, dialog, editor, manifestOf, REMOTE, review, save } from './kit/manifest-page.ts'

const SHARED = manifestOf('McpServer', 'shared', REMOTE)

let hub: TestHub
let admin: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({ manifests: { 'shared.yaml': SHARED } })
  admin = await hub.addUser('jisoo')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

const fileOf = (name: string): string => join(hub.catalogDir, name)

test('R6-7: where two change the same, both texts are shown and nothing is lost', async ({ open }) => {
  const page = await open({ hub, path: '/admin/servers/shared?tab=text', person: admin })
  await addLine(page, '  description: mine\n')
  await page.getByText('No faults').waitFor()
  await review(page)
  await dialog(page).getByText('Nobody gains or loses anything.').waitFor()
  hub.writeManifest('shared.yaml', SHARED.replace('Remote #', 'Remote # of theirs,'))
  await save(page)
  await dialog(page).getByText('It was changed meanwhile.').waitFor()
  const both = dialog(page).getByRole('region', { name: 'From what stands there to yours' })
  await both.getByText('# of theirs').waitFor()
  await both.getByText('description: mine').waitFor()
  await dialog(page).getByRole('button', { name: 'Choose change by change' }).click()
  await expect.poll(() => editor(page).textContent()).toContain('description: mine')
  await page.getByRole('button', { name: 'Take theirs' }).first().click()
  await expect.poll(() => editor(page).textContent()).toContain('Remote # of theirs, for ever')
  await review(page)
  await dialog(page).getByText('Nobody gains or loses anything.').waitFor()
  await save(page)
  await page.getByText('Saved', { exact: true }).waitFor()
  const written = readFileSync(fileOf('shared.yaml'), 'utf8')
  expect([written.includes('# of theirs,'), written.includes('description: mine')]).toEqual([true, true])
})

/** Adds a server as text, up to the question whether it is to be saved. */
async function writeNew(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Address', { exact: true }).fill('http://127.0.0.1:9/mine')
  await page.getByText('No faults').waitFor()
  await review(page)
  await dialog(page).getByRole('button', { name: 'Save', exact: true, disabled: false }).waitFor()
}

test('R6-7: where one of this name was made meanwhile both texts are shown, and one of them is taken', async ({
  open,
}) => {
  const page = await open({ hub, path: '/admin/new-server?from=remote', person: admin })
  await writeNew(page, 'twice')
  const theirs = manifestOf('McpServer', 'twice', 'type: Remote\nremote:\n  url: http://127.0.0.1:9/theirs\n')
  hub.writeManifest('twice.yaml', theirs)
  await save(page)
  await dialog(page).getByText('One of this name was made meanwhile.').waitFor()
  const both = dialog(page).getByRole('region', { name: 'From what stands there to yours' })
  await both.getByText('http://127.0.0.1:9/theirs').waitFor()
  await both.getByText('http://127.0.0.1:9/mine').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  expect(readFileSync(fileOf('twice.yaml'), 'utf8')).toBe(theirs)
  await dialog(page).getByRole('button', { name: 'Go on with mine' }).click()
  await save(page)
  await page.getByRole('heading', { level: 1, name: 'twice' }).waitFor()
  const written = readFileSync(fileOf('twice.yaml'), 'utf8')
  expect([written.includes('/mine'), written.includes('/theirs')]).toEqual([true, false])
})

test('R6-7: what was removed meanwhile is made anew from what was typed', async ({ open }) => {
  const path = fileOf('short.yaml')
  hub.writeManifest('short.yaml', manifestOf('McpServer', 'short', REMOTE))
  const page = await open({ hub, path: '/admin/servers/short?tab=text', person: admin })
  await addLine(page, '  description: mine\n')
  await page.getByText('No faults').waitFor()
  await review(page)
  await dialog(page).getByText('Nobody gains or loses anything.').waitFor()
  rmSync(path)
  await save(page)
  await dialog(page).getByText('It was removed meanwhile.').waitFor()
  await expect.poll(() => dialog(page).getByRole('button', { name: 'Take what stands there' }).count()).toBe(0)
  await expect.poll(() => checkAccess(page)).toEqual([])
  await dialog(page).getByRole('button', { name: 'Make it anew' }).click()
  // nobody else is quicker than one who begins anew
  await expect.poll(() => page.getByText('Somebody else was quicker').count()).toBe(0)
  await save(page)
  await page.getByText('Saved', { exact: true }).waitFor()
  expect(readFileSync(path, 'utf8')).toBe(`${manifestOf('McpServer', 'short', REMOTE)}  description: mine\n`)
  await page.getByRole('button', { name: 'Discard changes' }).waitFor({ state: 'detached' })
})

type Manifest = RouteResponse<'getServerManifest'>

/** As a hub in a cluster would answer: this one has none. */
async function answerAs(page: Page, change: Partial<Manifest>): Promise<void> {
  await page.route('**/api/admin/servers/shared', async (route) => {
    const answer = await route.fetch()
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as Manifest), ...change } })
  })
  await page.goto(`${hub.url}/admin/servers/shared`)
}

test('R6-7: in a cluster one sees who set which field; what GitOps keeps is read-only, with who keeps it', async ({
  open,
}) => {
  const page = await open({ hub, path: '/icon.svg', person: admin })
  const owners = [
    { field: 'spec.remote.url', manager: 'argocd-controller' },
    { field: 'spec.description', manager: 'mcphub-console' },
  ]
  await answerAs(page, { owners, readOnly: { code: 'gitops', params: { tool: 'Argo CD', name: 'shop' } } })
  await page.getByText('Argo CD (shop) keeps it as it is. Change it there').waitFor()
  await expect.poll(() => editor(page).getAttribute('aria-readonly')).toBe('true')
  await expect.poll(() => page.getByRole('button', { name: /Review|Remove/ }).count()).toBe(0)
  await page.getByRole('tab', { name: 'Who owns which field' }).click()
  for (const { field, manager } of owners)
    await page.getByRole('row').filter({ hasText: field }).getByText(manager).waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await page.unrouteAll()
})

test('R6-7: what another tool set is not forced: who set it is said, and what was typed stays', async ({ open }) => {
  const page = await open({ hub, path: '/admin/servers/shared?tab=text', person: admin })
  await addLine(page, '  riskLevel: High\n')
  await page.getByText('No faults').waitFor()
  const conflict = {
    ...{ type: 'about:blank', title: 'Conflict', status: 409, code: 'conflict', detail: 'Owned', requestId: 'r-1' },
    data: { reason: 'owned', yaml: null, version: null, owners: [{ field: 'spec.riskLevel', manager: 'kubectl' }] },
  }
  await page.route('**/api/admin/servers/shared', (route) =>
    route.request().method() === 'PUT'
      ? route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(conflict) })
      : route.fallback(),
  )
  await review(page)
  await save(page)
  await dialog(page).getByText('Other managers own these fields').waitFor()
  await dialog(page).getByRole('row').filter({ hasText: 'spec.riskLevel' }).getByText('kubectl').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await dialog(page).getByRole('button', { name: 'Back' }).click()
  await expect.poll(() => editor(page).textContent()).toContain('riskLevel: High')
  await page.unrouteAll()
})
