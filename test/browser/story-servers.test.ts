// R6-4: a server that wants a token: why it does not work, the field, the check, and the tool that answers.
import { afterAll, beforeAll, expect } from 'vitest'
import type { Page } from 'playwright-core'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { RIGHT_TOKEN, startTicketServer, ticketManifest, WRONG_TOKEN, type TicketServer } from './kit/ticket-server.ts'
import { countOverflow, waitUntilShown } from './kit/tour.ts'

let tickets: TicketServer
let hub: TestHub
let newcomer: TestUser
let person: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  tickets = await startTicketServer()
  hub = await startHub({ manifests: { 'tickets.yaml': ticketManifest(tickets.url) } })
  newcomer = await hub.addUser('minsu')
  person = await hub.addUser('jisoo')
  await hub.setVariables(person.key, { USER_TICKETS_TOKEN: RIGHT_TOKEN })
  const isKnown = async () => {
    const { tools } = await hub.request<{ tools: unknown[] }>('GET', '/api/servers/tickets', undefined, person.key)
    return tools.length > 0
  }
  await waitUntil(isKnown, 'the tools are known', 60_000)
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await tickets?.stop()
})

const TOOL = '/servers/tickets/tools/open_ticket'

test('R6-4: a missing token: the reason, its field, a wrong one refused, the right one taken, and a tool answers', async ({
  open,
}) => {
  const page = await open({ hub, path: '/servers', person: newcomer })
  await page.getByLabel('Tool or server').fill('tickets')
  await page.getByRole('button', { name: 'Find out' }).click()
  await page.getByText('tickets needs a value for: USER_TICKETS_TOKEN').waitFor()
  await page.getByRole('link', { name: 'Give the value' }).click()

  const field = page.getByLabel('Token of your ticket system')
  await field.and(page.locator(':focus')).waitFor()
  const maker = page.getByRole('link', { name: 'https://tickets.example/tokens' })
  await expect.poll(() => maker.getAttribute('href')).toBe('https://tickets.example/tokens')
  await expect.poll(() => maker.getAttribute('rel')).toBe('noreferrer noopener')
  await field.fill('nonsense')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
  await field.fill(WRONG_TOKEN)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('It was refused').waitFor()
  await field.fill(RIGHT_TOKEN)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('It works.').waitFor()
  await expect.poll(() => field.inputValue()).toBe('')
  for (const token of [WRONG_TOKEN, RIGHT_TOKEN]) expect(await page.content()).not.toContain(token)

  await page.getByRole('tab', { name: 'Tools' }).click()
  await page.getByRole('link', { name: 'Open a ticket' }).click()
  await fillIn(page)
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByText('Ticket 1 is <b>open</b>').waitFor()
  expect(tickets.opened.at(-1)).toEqual({
    subject: 'Mend the roof',
    priority: 'high',
    points: 2,
    labels: ['house'],
    assignee: { team: 'roofers' },
    extra: { cost: 12.5 },
  })
})

async function fillIn(page: Page): Promise<void> {
  await page.getByLabel('Subject', { exact: true }).fill('Mend the roof')
  await page.getByLabel('Priority', { exact: true }).selectOption({ label: 'high' })
  await page.getByRole('button', { name: 'Add: Labels' }).click()
  await page.getByRole('button', { name: 'Add an item: Labels' }).click()
  await page.getByLabel('Item 1', { exact: true }).fill('house')
  await page.getByLabel('Kind of Assignee').selectOption({ label: 'A team' })
  await page.getByLabel('Team', { exact: true }).fill('roofers')
  await page.getByRole('button', { name: 'Add: Extra' }).click()
  await page.getByRole('button', { name: 'Add a member' }).click()
  await page.getByLabel('Name', { exact: true }).fill('cost')
  await page.getByLabel('Value', { exact: true }).fill('12.5')
}

test('R6-4: what is wrong stands at its place; any place can be JSON; a result is text, picture and structure, never markup', async ({
  open,
}) => {
  const page = await open({ hub, path: TOOL, person })
  await page.getByLabel('Subject', { exact: true }).fill('x')
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByText('3 places still need you.').waitFor()
  await expect
    .poll(() => page.getByRole('alert').allTextContents())
    .toEqual(expect.arrayContaining(['At least 3 characters, please.', 'This is needed.']))
  await page.getByRole('button', { name: 'Write all as JSON' }).click()
  const text = page.getByRole('textbox', { name: 'Arguments' })
  await text.fill('{"subject": "From JSON", "priority": "low", "assignee": {"name": "jisoo"}}')
  await page.getByRole('button', { name: 'Back to fields' }).click()
  await expect.poll(() => page.getByLabel('Subject', { exact: true }).inputValue()).toBe('From JSON')
  await expect.poll(() => page.getByLabel('Login', { exact: true }).inputValue()).toBe('jisoo')
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByRole('img', { name: 'Picture 2 from the tool' }).waitFor()
  expect(tickets.opened.at(-1)).toEqual({ subject: 'From JSON', priority: 'low', assignee: { name: 'jisoo' } })
  await page.getByRole('region', { name: 'Structured result' }).getByText('"number"').waitFor()
  await expect.poll(() => page.getByRole('link', { name: 'javascript' }).count()).toBe(0)
  await page.getByText('javascript:alert(1)').waitFor()
  await page.getByText(/^[0-9a-f-]{36}$/).waitFor()
})

test('R6-4: the tools of a server are searched by name and by what they say they do', async ({ open }) => {
  const page = await open({ hub, path: '/servers/tickets', person })
  const tools = page.getByRole('tabpanel').getByRole('listitem').getByRole('link')
  await expect.poll(() => tools.count()).toBe(3)
  const search = page.getByRole('searchbox', { name: 'Search tools' })
  await search.fill('whose token')
  await expect.poll(() => tools.allTextContents()).toEqual(['whoami'])
  await search.fill('OPEN')
  await expect.poll(() => tools.allTextContents()).toEqual(['Open a ticket'])
  await search.fill('nothing like this')
  await expect.poll(() => tools.count()).toBe(0)
})

test('R6-4: a call tells how far it is, can be canceled, and is when one leaves', async ({ open }) => {
  const page = await open({ hub, path: '/servers/tickets/tools/wait', person })
  await page.getByText('This tool takes no arguments.').waitFor()
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByText('Half of it').waitFor()
  await expect.poll(() => page.getByRole('progressbar', { name: 'Progress' }).getAttribute('value')).toBe('0.5')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect.poll(() => tickets.left()).toBe(1)
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByText('Half of it').waitFor()
  await page.getByRole('link', { name: 'Servers' }).first().click()
  await expect.poll(() => tickets.left()).toBe(2)
})

test.for(['en', 'ko'] as const)(
  'R6-8: the pages of a server and of a tool have names for everything, also on a phone: %s',
  async (language, { open }) => {
    const found: string[] = []
    for (const theme of ['light', 'dark'] as const) {
      const page = await open({ hub, path: '/servers/tickets', person, language, theme, width: 360 })
      for (const path of ['/servers/tickets', '/servers/tickets?tab=values', TOOL]) {
        await page.goto(hub.url + path)
        await waitUntilShown(page)
        const closed = page.getByRole('button', { name: /^(Add|추가): / })
        while ((await closed.count()) > 0) await closed.first().click()
        found.push(...(await checkAccess(page)).map((finding) => `${path}: ${finding}`))
        expect([path, await countOverflow(page)]).toEqual([path, 0])
      }
    }
    expect(found).toEqual([])
  },
)

test('R6-8: a tool is found by its name from anywhere, by keyboard', async ({ open }) => {
  const page = await open({ hub, path: '/account', person })
  await waitUntilShown(page)
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Go to a page, a server or a tool' }).waitFor()
  await page.keyboard.type('open_t')
  await page.getByRole('option', { name: /^Open a ticket \(tickets__open_ticket\)/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Open a ticket' }).waitFor()
})
