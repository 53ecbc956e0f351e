// R6-7: servers and UserGroups of the catalogue: made in a form, changed as text with every fault at its line, what it means for whom before it is
// saved, and read-only where it cannot be written.
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { addLine, dialog, editor, manifestOf, REMOTE, review, save } from './kit/manifest-page.ts'
import { countOverflow, waitUntilShown } from './kit/tour.ts'

const DOCS = manifestOf('McpServer', 'docs', REMOTE)
const MANIFESTS = {
  'docs.yaml': DOCS,
  'papers.yaml': manifestOf('McpServer', 'papers', `${REMOTE}access: Everyone\n`),
  // a directive: it cannot be edited by its lines
  'odd.yaml': `%YAML 1.2\n---\n${manifestOf('McpServer', 'odd', REMOTE)}`,
}

/** A key that comes sooner after proposals have opened is meant for the text (CodeMirror's interactionDelay of 75 ms). */
const MEANT_MS = 100

let registry: TestRegistry
let hub: TestHub
let admin: TestUser
let auditor: TestUser
let person: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  registry = await startRegistry(['probe-server'])
  hub = await startHub({ manifests: MANIFESTS, env: { MCPHUB_NPMRC: registry.npmrc } })
  ;[admin, auditor, person] = [await hub.addUser('jisoo'), await hub.addUser('yuna'), await hub.addUser('minsu')]
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  await hub.request('PUT', `/api/admin/users/${auditor.id}/role`, { role: 'auditor' })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await registry?.stop()
})

const fileOf = (name: string): string => join(hub.catalogDir, name)
const countPeople = async (): Promise<number> =>
  (await hub.request<{ total: number }>('GET', '/api/admin/users/list?state=active&limit=1')).total

test('R6-7: a server of a package is added in a form, becomes ready, and a tool of it answers', async ({ open }) => {
  const page = await open({ hub, path: '/admin/servers', person: admin })
  await page.getByRole('link', { name: 'Add a server' }).click()
  await page.getByRole('link', { name: 'Begin with: A package from npm' }).click()
  // nothing is wrong with what nobody has begun
  await page.getByText('Fill in what is asked for.').waitFor()
  await expect.poll(() => page.locator('[aria-invalid=true]').count()).toBe(0)
  await page.getByLabel('Name', { exact: true }).fill('probe')
  const faults = page.getByRole('region', { name: 'Faults' })
  await faults.getByText('Package', { exact: true }).waitFor()
  await expect.poll(() => faults.getByText(/^Line/).count()).toBe(0)
  await expect.poll(() => page.locator('[aria-invalid=true]').count()).toBe(0)
  await page.getByLabel('Package', { exact: true }).fill('@mcphub-test/probe-server')
  const version = page.getByLabel('Version', { exact: true })
  await version.fill('latest')
  await page.getByText('give one exact version').first().waitFor()
  await expect.poll(() => version.getAttribute('aria-invalid')).toBe('true')
  await version.fill('1.0.0')
  await page.getByRole('combobox', { name: 'Who may use it' }).selectOption({ label: 'Everybody' })
  await page.getByRole('button', { name: 'Add an environment variable' }).click()
  await page.getByLabel('Environment 1: Name').fill('PROBE_COLOUR')
  await page.getByLabel('Environment 1: Value').fill('red')
  await page.getByText('No faults').waitFor()
  await review(page)
  await dialog(page)
    .getByText(`${await countPeople()} people gain 1 server`)
    .waitFor()
  await save(page)
  await page.getByRole('heading', { level: 1, name: 'probe' }).waitFor()
  const written = readFileSync(fileOf('probe.yaml'), 'utf8')
  expect(written).toContain('name: PROBE_COLOUR')
  await page.getByText(/^(Ready|Tools unknown)$/).waitFor({ timeout: 60_000 })
  await page.getByRole('link', { name: 'Try its tools' }).click()
  await page.getByRole('link', { name: 'env', exact: true }).click({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByText('PROBE_COLOUR').waitFor()
})

test('R6-7: a mistake in the text is told at its line; saved are a few lines, after their effect was seen', async ({
  open,
}) => {
  const page = await open({ hub, path: '/admin/servers/docs?tab=text', person: admin })
  await addLine(page, '  riskLevel: Huge')
  const fault = page.getByRole('button', { name: 'Line 9' })
  await fault.waitFor()
  await page.getByText('Low, Medium, High, Critical').first().waitFor()
  // the list of faults leads to the line, by keyboard alone
  await fault.focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('End')
  for (const key of ['Backspace', 'Backspace', 'Backspace', 'Backspace']) await page.keyboard.press(key)
  await page.keyboard.insertText('High')
  await page.getByText('No faults').waitFor()
  await review(page)
  await dialog(page).getByText('Nobody gains or loses anything.').waitFor()
  const changes = dialog(page).getByRole('region', { name: 'Changes in the text' })
  await changes.getByText('riskLevel: High').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await save(page)
  await page.getByText('Saved', { exact: true }).waitFor()
  expect(readFileSync(fileOf('docs.yaml'), 'utf8')).toBe(`${DOCS}  riskLevel: High\n`)
  // form and text are one: what is written in the one stands in the other, and comments stay
  await page.getByRole('tab', { name: 'Form' }).click()
  await expect.poll(() => page.getByLabel('Risk', { exact: true }).inputValue()).toBe('High')
  await page.getByLabel('Title', { exact: true }).fill('Documents')
  await page.getByRole('tab', { name: 'Text' }).click()
  await expect.poll(() => editor(page).textContent()).toContain('displayName: Documents')
  await expect.poll(() => editor(page).textContent()).toContain('type: Remote # for ever')
  await editor(page).focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.insertText('\n  zebra: 1')
  await page.keyboard.press('Control+z')
  await expect.poll(() => editor(page).textContent()).not.toContain('zebra')
})

test('R6-7: names of fields and their values are proposed while one types', async ({ open }) => {
  const page = await open({ hub, path: '/admin/servers/docs?tab=text', person: admin })
  await addLine(page, '\n  ')
  for (const [typed, proposed] of [
    ['isol', 'isolation'],
    ['P', 'PerUser'],
  ] as const) {
    await page.keyboard.type(typed)
    await page.getByRole('option', { name: proposed }).waitFor()
    await setTimeout(MEANT_MS)
    await page.keyboard.press('Enter')
  }
  await expect.poll(() => editor(page).textContent()).toContain('isolation: PerUser')
  // a new line begins where it belongs
  for (const typed of ['', 'tools:', 'deny:']) {
    await page.keyboard.type(typed)
    await page.keyboard.press('Enter')
  }
  await page.keyboard.type('- drop')
  await expect
    .poll(async () => (await editor(page).locator('.cm-line').allTextContents()).slice(-3))
    .toEqual(['  tools:', '    deny:', '      - drop'])
  await page.getByText('No faults').waitFor()
})

test('R6-7: all of the text is typed anew at once; who goes elsewhere hears that it is not saved, and finds it again', async ({
  open,
}) => {
  const page = await open({ hub, path: '/admin/servers/docs?tab=text', person: admin })
  await editor(page).focus()
  // replaced by the browser's own hand it would carry inline styles, which the guard of every test hears of
  await page.keyboard.press('Control+a')
  await page.keyboard.type('x')
  await expect.poll(() => editor(page).textContent()).toBe('x')
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(`${DOCS}  description: typed\n`)
  await page.getByText('No faults').waitFor()
  await page.getByRole('link', { name: 'Server catalogue' }).first().click()
  await page.getByText('Not saved. Your changes wait here').waitFor()
  await page.getByRole('link', { name: /^(docs|Documents)$/ }).click()
  await page.getByRole('tab', { name: 'Text' }).click()
  await expect.poll(() => editor(page).textContent()).toContain('description: typed')
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await dialog(page).getByRole('button', { name: 'Discard changes' }).click()
})

test('R6-7: on a phone the way to saving is always there, and what has the focus is not under it', async ({ open }) => {
  const page = await open({ hub, path: '/admin/servers/docs', person: admin, width: 360 })
  const save = page.getByRole('button', { name: 'Review and save' })
  await save.waitFor()
  const bar = async () => (await page.locator('.manifest-bar').boundingBox())!
  const viewport = page.viewportSize()!
  expect((await bar()).y + (await bar()).height).toBeLessThanOrEqual(viewport.height)
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab')
    const isBarOrNone = await page.evaluate(
      "document.activeElement === document.body || document.activeElement.closest('.manifest-bar, nav') !== null",
    )
    if (isBarOrNone) continue
    const [, bottom] = await page.evaluate<[number, number]>(
      '(({ top, bottom }) => [top, bottom])(document.activeElement.getBoundingClientRect())',
    )
    const { y } = await bar()
    expect([presses, bottom <= y + 1 || bottom > viewport.height]).toEqual([presses, true])
  }
})

test('R6-7: by keyboard alone: a group gives somebody a server, and is taken away again', async ({ open }) => {
  const theirs = await open({ hub, path: '/servers', person })
  await theirs.getByRole('link', { name: 'papers' }).waitFor()
  const page = await open({ hub, path: '/admin/groups', person: admin })
  const tabTo = async (name: string, role: 'button' | 'link' | 'textbox' | 'checkbox' | 'combobox'): Promise<void> => {
    const wanted = page.getByRole(role, { name, exact: true }).first()
    await wanted.waitFor()
    const isThere = (): Promise<boolean> => wanted.evaluate((one) => one === one.ownerDocument.activeElement)
    for (let presses = 0; !(await isThere()); presses++) {
      if (presses > 80) throw new Error(`${role} "${name}" is not to be reached`)
      await page.keyboard.press('Tab')
    }
  }
  await tabTo('Add a group', 'link')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Add a group' }).waitFor()
  await tabTo('Name', 'textbox')
  await page.keyboard.type('readers')
  await tabTo('Find a person', 'combobox')
  await page.keyboard.type('min')
  await page.getByRole('option', { name: 'minsu' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Take minsu out' }).waitFor()
  await tabTo('docs', 'checkbox')
  await page.keyboard.press('Space')
  await page.getByText('No faults').waitFor()
  await tabTo('Review and save', 'button')
  await page.keyboard.press('Enter')
  await dialog(page).getByText('1 person gains 1 server').waitFor()
  await tabTo('Save', 'button')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'readers' }).waitFor()
  await theirs.getByRole('link', { name: /docs|Documents/ }).waitFor()

  await page.goto(`${hub.url}/admin/groups`)
  await tabTo('readers', 'link')
  await page.keyboard.press('Enter')
  await tabTo('Remove', 'button')
  await page.keyboard.press('Enter')
  await dialog(page).getByText('1 person loses 1 server').waitFor()
  await dialog(page).getByText('Who and what').click()
  await dialog(page).getByText('minsu').waitFor()
  await dialog(page).getByRole('button', { name: 'Remove' }).press('Enter')
  await page.getByText('There are no user groups yet').waitFor()
  await theirs.getByRole('link', { name: /docs|Documents/ }).waitFor({ state: 'detached' })
  expect(existsSync(fileOf('readers.yaml'))).toBe(false)
})

test('R6-7: a group chooses its servers by label; a label that cannot be one is said, and one is there once', async ({
  open,
}) => {
  hub.writeManifest(
    'red.yaml',
    manifestOf('McpServer', 'red', REMOTE).replace('name: red', 'name: red\n  labels: { team: red }'),
  )
  const theirs = await open({ hub, path: '/servers', person })
  await waitUntilShown(theirs)
  const page = await open({ hub, path: '/admin/servers/red', person: admin })
  await page.getByLabel('Labels 1: Name').waitFor()
  await page.getByRole('button', { name: 'Add a label' }).click()
  // of two names that are one the second waits beside the text
  await page.getByLabel('Labels 2: Name').pressSequentially('team')
  await page.getByText('There is a label of this name already.').waitFor()
  await page.getByLabel('Labels 2: Name').press('Backspace')
  await page.getByLabel('Labels 2: Name').fill('2 tiers')
  await page.getByText('a label is named by up to 63 letters').first().waitFor()
  await page.getByLabel('Labels 2: Name').fill('2tier')
  await page.getByLabel('Labels 2: Value').fill('7')
  await page.getByText('No faults').waitFor()
  await review(page)
  await save(page)
  await page.getByText('Saved', { exact: true }).waitFor()
  expect(readFileSync(fileOf('red.yaml'), 'utf8')).toContain('labels: { team: red, 2tier: "7" }')

  await page.goto(`${hub.url}/admin/new-group`)
  await page.getByLabel('Name', { exact: true }).fill('reds')
  await page.getByRole('combobox', { name: 'Find a person' }).fill('minsu')
  await page.getByRole('option', { name: 'minsu' }).click()
  await page.getByRole('button', { name: 'Choose servers by label' }).click()
  await page.getByRole('button', { name: 'Add a label' }).click()
  await page.getByLabel('Labels of its servers 1: Name').fill('team')
  await page.getByLabel('Labels of its servers 1: Value').fill('red')
  await page.getByText('No faults').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await review(page)
  await dialog(page).getByText('1 person gains 1 server').waitFor()
  await save(page)
  await page.getByRole('heading', { level: 1, name: 'reds' }).waitFor()
  await theirs.getByRole('link', { name: 'red', exact: true }).waitFor()
  // no label chooses no server
  await page.getByRole('button', { name: 'Remove 1 of Labels of its servers' }).click()
  await review(page)
  await dialog(page).getByText('1 person loses 1 server').waitFor()
  await save(page)
  await theirs.getByRole('link', { name: 'red', exact: true }).waitFor({ state: 'detached' })
  expect(readFileSync(fileOf('reds.yaml'), 'utf8')).toContain('matchLabels: {}')
})

test('R6-7: a server is removed after it was said who loses it', async ({ open }) => {
  const page = await open({ hub, path: '/admin/servers/papers', person: admin })
  await page.getByRole('button', { name: 'Remove' }).click()
  await dialog(page)
    .getByText(`${await countPeople()} people lose 1 server`)
    .waitFor()
  await dialog(page).getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { level: 1, name: 'Server catalogue' }).waitFor()
  await page.getByRole('link', { name: 'papers' }).waitFor({ state: 'detached' })
  expect(existsSync(fileOf('papers.yaml'))).toBe(false)
})

test('R6-7: what cannot be changed here says why, and is readable all the same; so is everything to an auditor', async ({
  open,
}) => {
  const page = await open({ hub, path: '/admin/servers/odd', person: admin })
  await page.getByText('odd.yaml cannot be edited one document at a time.').waitFor()
  await expect.poll(() => editor(page).textContent()).toContain('type: Remote')
  await expect.poll(() => page.getByRole('button', { name: /Review|Remove/ }).count()).toBe(0)
  const read = await open({ hub, path: '/admin/servers/docs', person: auditor })
  await read.getByText('You may read everything.').waitFor()
  await expect.poll(() => editor(read).getAttribute('aria-readonly')).toBe('true')
  await expect.poll(() => read.getByRole('button', { name: /Review|Remove/ }).count()).toBe(0)
})

test('R6-7: a folder of manifests that cannot be written says so, and what it held goes on', async ({ open }) => {
  const away = `${hub.catalogDir}-away`
  renameSync(hub.catalogDir, away)
  try {
    const page = await open({ hub, path: '/admin/servers', person: admin })
    await page.getByText('The hub may not write into the folder of manifests (catalog).').waitFor()
    await page.getByRole('link', { name: 'docs' }).waitFor()
    await expect.poll(() => page.getByRole('link', { name: 'Add a server' }).count()).toBe(0)
  } finally {
    renameSync(away, hub.catalogDir)
  }
  const isBack = async (): Promise<boolean> =>
    (await hub.request<{ faults: unknown[] }>('GET', '/api/admin/servers')).faults.length === 0
  await waitUntil(isBack, 'the folder is read again')
})

test('R6-7: servers of an editor come with a settings file, without their secrets', async ({ open }) => {
  const page = await open({ hub, path: '/admin/settings-file', person: admin })
  const file = {
    mcpServers: { Tracker: { url: 'http://127.0.0.1:9/mcp', headers: { Authorization: 'Bearer t-0123456' } } },
  }
  await page.getByLabel('Content of the file').fill(JSON.stringify(file))
  await page.getByRole('button', { name: 'Find servers' }).click()
  await page.getByText('Each person is asked for: Authorization').waitFor()
  expect(await page.content()).not.toContain('t-0123456')
  const look = page.getByRole('link', { name: 'Look at Tracker and save it' })
  await look.waitFor()
  // of a file that cannot be read nothing was found
  await page.getByLabel('Content of the file').fill('{ "mcpServers": ')
  await page.getByRole('button', { name: 'Find servers' }).click()
  await page.getByText('This is not valid JSON.').waitFor()
  await expect.poll(() => look.count()).toBe(0)
  await page.getByLabel('Content of the file').fill('')
  await look.click()
  await expect.poll(() => page.getByLabel('Headers 1: Value').inputValue()).toBe('Bearer ${USER_TRACKER_TOKEN}')
  await page.getByText('No faults').waitFor()
  await review(page)
  await dialog(page).getByText('Nobody can see it until a group has it.').waitFor()
  await save(page)
  await page.getByRole('heading', { level: 1, name: 'tracker' }).waitFor()
  await page
    .getByText('Needs a value')
    .or(page.getByText('Tools unknown'))
    .or(page.getByText('Broken'))
    .first()
    .waitFor()
})

test('R6-8: what the tour of all pages does not see: owners of fields, and what is read-only, on a phone', async ({
  open,
}) => {
  const found: string[] = []
  for (const path of ['/admin/servers/docs?tab=owners', '/admin/servers/odd']) {
    const page = await open({ hub, path, person: admin, language: 'ko', theme: 'dark', width: 360 })
    await waitUntilShown(page)
    found.push(...(await checkAccess(page)).map((finding) => `${path}: ${finding}`))
    expect([path, await countOverflow(page)]).toEqual([path, 0])
  }
  expect(found).toEqual([])
})
