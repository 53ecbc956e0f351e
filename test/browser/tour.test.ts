// Every page in both themes, both languages, on a phone and on a desk: nothing axe minds, nothing to be scrolled sideways, nothing that wants a
// mouse, nothing secret.
import type { Page, Response } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { checkAccess } from './kit/axe.ts'
import { test, type Open } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser, type Look } from './kit/chromium.ts'
import { startCompany, type Company } from './kit/company.ts'
import { isEnglish, listWritten, readTexts } from './kit/english.ts'
import { listUnreachable } from './kit/reach.ts'
import {
  changeLook,
  countOverflow,
  LANGUAGES,
  STOPS,
  takePicture,
  THEMES,
  visit,
  waitUntilShown,
  WHO,
  WIDTHS_AND_THEMES,
  type Stop,
} from './kit/tour.ts'

let company: Company

beforeAll(async () => {
  if (CHROMIUM_MISSING === null) company = await startCompany()
})
afterAll(async () => {
  await endBrowser()
  await company?.stop()
})

/** What is to be said of all pages of somebody in one language. */
interface Seen {
  /** of axe, what is too wide, what a keyboard cannot do */
  readonly findings: string[]
  readonly secrets: string[]
  /** sentences in English, where another language is spoken */
  readonly english: string[]
  readonly titles: string[]
  readonly languages: Set<string>
  /** names of what is kept in the browser at the end: storage of either kind, cookies a page can read */
  readonly kept: unknown
}

const WAYS = LANGUAGES.flatMap((language) => WHO.map((who) => ({ language, who })))
type Way = (typeof WAYS)[number]

/** Each way is walked once, by the first who asks: a visit costs more than what is looked at. */
const walks = new Map<Way, Promise<Seen>>()

function walkOnce(open: Open, way: Way): Promise<Seen> {
  const walked = walks.get(way) ?? walk(open, way)
  walks.set(way, walked)
  return walked
}

async function walk(open: Open, { who, language }: Way): Promise<Seen> {
  const { hub, people } = company
  const person = who === 'nobody' ? {} : { person: people[who] }
  const page = await open({ hub, path: '/icon.svg', ...person, language })
  const answers = listen(page)
  const findings: string[] = []
  const secrets: string[] = []
  const texts: { readonly at: string; readonly text: string }[] = []
  const titles: string[] = []
  const languages = new Set<string>()
  for (const stop of STOPS.filter((one) => one.who === who)) {
    await visit(page, hub.url, stop)
    secrets.push(...(await listSecrets(page, stop)).map((secret) => `${stop.name}: ${secret}`))
    if (language !== 'en') texts.push(...(await readTexts(page)).map((text) => ({ at: stop.name, text })))
    findings.push(...(await listUnreachable(page)).map((finding) => `${stop.name}: ${finding}`))
    for (const look of WIDTHS_AND_THEMES) findings.push(...(await lookAt(page, stop, { ...look, language })))
    titles.push(await page.title())
    languages.add(await page.evaluate('document.documentElement.lang'))
  }
  const heard = await answers()
  for (const answer of heard)
    secrets.push(
      ...company.secrets.filter((secret) => answer.text.includes(secret)).map((one) => `${answer.url}: ${one}`),
    )
  const kept = await page.evaluate('[Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]')
  const written = longestFirst(heard.flatMap(({ text }) => listWritten(text)))
  const english = texts.filter(({ text }) => isEnglish(text, written)).map(({ at, text }) => `${at}: ${text}`)
  return { findings, secrets, english, titles, languages, kept }
}

const longestFirst = (texts: readonly string[]): readonly string[] =>
  [...new Set(texts)].filter((text) => text !== '').sort((one, other) => other.length - one.length)

async function lookAt(page: Page, { name }: Stop, look: Look): Promise<readonly string[]> {
  await changeLook(page, look)
  await takePicture(page, name, look)
  const found = await checkAccess(page, look.theme === THEMES[0] ? 'all' : 'colours')
  const overflow = await countOverflow(page)
  if (overflow > 0) found.push(`${overflow} pixels wider than the window`)
  return found.map((finding) => `${name}, ${look.width} ${look.theme}: ${finding}`)
}

interface Heard {
  readonly url: string
  readonly text: string
}

/** Every answer of the hub from now on, read to its end; streams have none. */
function listen(page: Page): () => Promise<readonly Heard[]> {
  const heard: Promise<Heard>[] = []
  page.on('response', (answer: Response) => {
    const isStream = answer.headers()['content-type']?.startsWith('text/event-stream') === true
    // of a page that was left meanwhile there is nothing to be read
    const read = (): Promise<string> => answer.text().catch(() => '')
    if (new URL(answer.url()).pathname.startsWith('/api/') && !isStream)
      heard.push(read().then((text) => ({ url: answer.url(), text })))
  })
  return () => Promise.all(heard)
}

/** Everywhere a browser keeps what a page was, and the page itself with what stands in its fields. */
const TRACES = `(async () => JSON.stringify([
  location.href, document.title, history.state, document.documentElement.outerHTML,
  [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
  { ...localStorage }, { ...sessionStorage },
  (await indexedDB.databases()).map(({ name }) => name), await caches.keys(), window.name,
]))()`

/** Those that are to be seen, or lie somewhere behind the page; also the token one came with. */
async function listSecrets(page: Page, { path }: Pick<Stop, 'path'>): Promise<readonly string[]> {
  const traces: string = await page.evaluate(TRACES)
  const token = new URLSearchParams(path.split('#')[1]).get('token')
  return [...company.secrets, ...(token === null ? [] : [token])].filter((secret) => traces.includes(secret))
}

test('what is looked for would be found: a button without a name, pale letters in the dark, a page too wide, what only a mouse can do', async ({
  open,
}) => {
  const page = await open({ hub: company.hub, path: '/servers', person: company.people.member, width: 360 })
  await waitUntilShown(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.evaluate(`{
    const button = document.createElement('button')
    const pale = document.createElement('p')
    const wide = document.createElement('div')
    pale.textContent = 'hard to read'
    pale.style.color = '#444'
    wide.style.width = '500px'
    wide.style.height = '1px'
    document.querySelector('main').append(button, pale, wide)
  }`)
  const kinds = (found: readonly string[]) => new Set(found.map((line) => line.split(':', 1)[0]))
  expect(kinds(await checkAccess(page))).toEqual(new Set(['button-name', 'color-contrast']))
  expect(kinds(await checkAccess(page, 'colours'))).toEqual(new Set(['color-contrast']))
  await expect.poll(() => countOverflow(page)).toBeGreaterThan(0)
  await page.evaluate(`{
    const [passed, first, click] = ['button', 'button', 'p'].map((name) => document.createElement(name))
    passed.tabIndex = -1
    first.tabIndex = 3
    click.__reactProps$x = { onClick() {} }
    ;[passed, first, click].forEach((one, at) => (one.textContent = 'number ' + at))
    document.querySelector('main').append(passed, first, click)
  }`)
  expect(await listUnreachable(page)).toEqual([
    'not by Tab: button "number 0"',
    'out of turn: button "number 1"',
    'by mouse alone: p "number 2"',
  ])
})

const HIDING_PLACES = [
  'document.title = SECRET',
  'history.replaceState({ kept: SECRET }, "")',
  'history.replaceState(null, "", "?key=" + SECRET)',
  'localStorage.kept = SECRET',
  'sessionStorage.kept = SECRET',
  'document.querySelector("input").value = SECRET',
  'document.querySelector("main").dataset.kept = SECRET',
]

test.for(HIDING_PLACES)('a secret would be found: %s', async (hide, { open }) => {
  const page = await open({ hub: company.hub, path: '/servers', person: company.people.member })
  await waitUntilShown(page)
  const [secret] = company.secrets
  expect(await listSecrets(page, { path: '' })).toEqual([])
  await page.evaluate(hide.replace('SECRET', JSON.stringify(secret)))
  expect(await listSecrets(page, { path: '' })).toEqual([secret])
})

test.for(WAYS)(
  'R6-12: every page of $who, $language, on a phone and on a desk, both themes: axe finds nothing, nothing is too wide, a keyboard can do all',
  { timeout: 480_000 },
  async (way, { open }) => {
    const { findings, languages } = await walkOnce(open, way)
    expect(findings).toEqual([])
    expect([...languages]).toEqual([way.language])
  },
)

test.for(WAYS)(
  'R6-13: nothing secret comes to a page or stays in the browser of $who, $language: not in answers, storage, address, title, history or fields',
  { timeout: 480_000 },
  async (way, { open }) => {
    const { secrets, titles, kept } = await walkOnce(open, way)
    expect(secrets).toEqual([])
    expect(titles.filter((title) => !title.endsWith(' · MCPHub'))).toEqual([])
    expect(kept).toEqual([[], [], ''])
  },
)

test('what a server says is known piece by piece, also beside characters that cannot be seen', () => {
  const said = 'It tells where it is. Send the page along,\nand be quick about it\u200b'
  expect(listWritten(JSON.stringify({ description: said, message: 'Not of them.' }))).toEqual([
    said,
    ...['It tells where it is.', 'Send the page along,', 'and be quick about it', ''],
  ])
})

test('English would be found: in a text, folded away, in a name that is read out; not in code, marked, or written by somebody', async ({
  open,
}) => {
  const page = await open({ hub: company.hub, path: '/servers', person: company.people.member, language: 'ko' })
  await waitUntilShown(page)
  await page.evaluate(`{
    const make = (name, more) => Object.assign(document.createElement(name), more)
    const folded = make('details')
    folded.append(make('p', { textContent: 'two of us are wrong' }))
    document.querySelector('main').append(
      make('p', { textContent: 'one of us is wrong' }), folded, make('img', { alt: 'three of us are wrong' }),
      make('code', { textContent: 'four of us are right' }), make('p', { lang: 'en', textContent: 'five of us are right' }),
      make('p', { textContent: 'said by somebody in person' }),
      make('p', { textContent: 'GitHub, VS Code, Claude Code, Keycloak' }),
    )
  }`)
  const found = (await readTexts(page)).filter((text) => isEnglish(text, ['said by somebody in person']))
  const ours = /^(one|two|three|four|five|said|GitHub)/
  expect(found.filter((text) => ours.test(text))).toEqual([
    'one of us is wrong',
    'two of us are wrong',
    'three of us are wrong',
  ])
})

test.for(WAYS.filter(({ language }) => language !== 'en'))(
  'R6-8: no page of $who in $language says a sentence in English',
  { timeout: 480_000 },
  async (way, { open }) => {
    const { english } = await walkOnce(open, way)
    expect(english).toEqual([])
  },
)
