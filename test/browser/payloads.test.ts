// CON-2: what servers, tools, groups, keys, editors and providers are called is text, whatever it is made of: it does nothing, asks nobody, and is shown.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { TestUser } from '../kit/hub.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { startHostileCompany, type HostileCompany } from './kit/hostile-company.ts'
import { LONG, PAYLOADS } from './kit/payloads.ts'
import { changeLook, countOverflow, STOPS, visit, waitUntilShown, type Stop } from './kit/tour.ts'

let company: HostileCompany

beforeAll(async () => {
  if (CHROMIUM_MISSING === null) company = await startHostileCompany()
}, 170_000)
afterAll(async () => {
  await endBrowser()
  await company?.stop()
})

test('there are sixty of them, and most may be the name of a key, a group, an editor and a provider', ({ skip }) => {
  if (CHROMIUM_MISSING !== null) skip(CHROMIUM_MISSING)
  expect(new Set(PAYLOADS).size).toBe(60)
  expect(company.taken.keys).toBeGreaterThan(45)
  expect(company.taken.groups).toBeGreaterThan(30)
  expect(company.taken.editors).toBe(61)
  expect(company.taken.providers).toBeGreaterThan(20)
})

/** What only a text that became more than text could have made; complaints and foreign requests are the guard's. An address in a variable's help is a
 *  link on purpose: it leads where it says, and the page there learns nothing of this one. */
const harm = (page: Page): Promise<unknown> =>
  page.evaluate(`({
    hit: window.__hit ?? null,
    made: [...document.querySelectorAll('main :is(script, iframe, img, object, embed, link, meta, base, style, form[action], math, template, plaintext, svg a)')].map((one) => one.outerHTML),
    links: [...document.querySelectorAll('a')].filter((one) => !(one.matches('bdi > a[href^="https://"][rel~="noreferrer"][rel~="noopener"]') && one.textContent === one.getAttribute('href'))).map((one) => one.getAttribute('href')).filter((href) => !/^(\\/(?!\\/)|#)/.test(href)),
    handlers: [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes]).filter(({ name }) => /^on|^style$/.test(name)).map(({ name, value }) => name + '=' + value).filter((text) => !/^style=[\\w\\s:;().,%-]*$/.test(text)),
  })`)

const HARMLESS = { hit: null, made: [], links: [], handlers: [] }
const WIDTHS = [1280, 360] as const

/** Where the payloads themselves stand. */
const OWN: readonly Stop[] = [
  { who: 'member', name: 'server', path: '/servers/p0' },
  { who: 'member', name: 'server, no place to break', path: '/servers/p60' },
  { who: 'member', name: 'values', path: '/servers/asks?tab=values' },
  { who: 'admin', name: 'values in the catalogue', path: '/admin/servers/asks' },
  {
    ...{ who: 'admin', name: 'server to be removed', path: '/admin/servers/p35' },
    open: (page) => page.locator('main').getByRole('button', { name: 'Remove', exact: true }).first().click(),
  },
  ...[0, 35, 60].flatMap((at): Stop[] => [
    { who: 'admin', name: `server ${at} in the catalogue`, path: `/admin/servers/p${at}` },
    { who: 'admin', name: `server ${at} as text`, path: `/admin/servers/p${at}?tab=text` },
    { who: 'admin', name: `group ${at} in the catalogue`, path: `/admin/groups/g${at}` },
  ]),
  ...[0, 9, 35, 57, 60].map((at): Stop => ({
    who: 'member',
    name: `tool ${at}`,
    path: `/servers/p${at}/tools/tool-${at}`,
  })),
]

/** What these open is not here. */
const NOT_HERE = new Set(['sandbox-output', 'tool-other-ways', 'catalog-server-delete'])

test.for(['nobody', 'member', 'admin'] as const)(
  'CON-2: 60 payloads in every name and text that is shown to %s are text on every page, on a phone and on a desk',
  { timeout: 300_000 },
  async (who, { open }) => {
    const { hub, people } = company
    const page = await open({ hub, path: '/icon.svg', ...(who === 'nobody' ? {} : { person: people[who] }) })
    for (const stop of [...STOPS, ...OWN].filter((one) => one.who === who && !NOT_HERE.has(one.name))) {
      await visit(page, hub.url, stop)
      for (const width of WIDTHS) {
        await changeLook(page, { theme: 'light', width })
        const wide = await countOverflow(page)
        expect([stop.name, width, await harm(page), wide]).toEqual([stop.name, width, HARMLESS, 0])
      }
    }
  },
)

test('CON-2: they were there: in the names of providers, of values, and in what a tool was and is', async ({
  open,
}) => {
  const { hub, people } = company
  const shownAt = async (path: string, person?: TestUser): Promise<Page> => {
    const page = await open({ hub, path, ...(person === undefined ? {} : { person }) })
    await waitUntilShown(page)
    return page
  }
  const payload = '<img src=x onerror="window.__hit=1">'
  await (await shownAt('/login')).getByRole('link', { name: payload }).waitFor()
  await (await shownAt('/servers/asks?tab=values', people.member)).getByLabel(payload, { exact: true }).waitFor()
  const page = await shownAt('/admin/tools', people.admin)
  await page
    .getByRole('button', { name: /tool-\d+ of / })
    .first()
    .click()
  await page.getByRole('dialog').getByText('and more').first().waitFor()
})

test('CON-2: they are shown as they are, also in the palette, where names are put together with words', async ({
  open,
}) => {
  const page = await open({ hub: company.hub, path: '/servers', person: company.people.member })
  await waitUntilShown(page)
  const names = await page.getByRole('list', { name: 'Servers' }).getByRole('link').allTextContents()
  expect(names).toEqual(expect.arrayContaining(PAYLOADS.map((text) => text.slice(0, 128))))
  await page.keyboard.press('Control+k')
  for (const text of ['<script>', 'onerror', 'javascript:']) {
    await page.getByRole('combobox', { name: 'Go to a page, a server or a tool' }).fill(text)
    await page.getByRole('listbox').getByRole('option').first().waitFor()
    expect(await harm(page)).toEqual(HARMLESS)
  }
  await page.goto(`${company.hub.url}/servers/p60`)
  await page.locator('main', { hasText: LONG.slice(0, 100) }).waitFor()
})
