// No promise without a test, no test of an unknown promise: the titles of all tests against test/requirements.ts.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REQUIREMENTS } from './requirements.ts'
import type { Requirement } from './requirements.ts'

const root = join(import.meta.dirname, '..')
const ID = /^(?:R\d+-\d+[a-z]?|(?:ID|SES|SEC|NET|BOX|CON|OPR|GW|DAT)-\d+)/
/** A title is a text right after `test(`, `describe.each(…)(` and the like. */
const TITLE =
  /(?:\b(?:test|describe|it)((?:\.\w+)*)\s*\(|\)\s*\()\s*(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`)/g

interface Title {
  readonly file: string
  readonly text: string
  /** `SES-3, ID-4: …` names both */
  readonly ids: readonly string[]
}

const FOLDERS = [
  'gateway/src',
  'operator/src',
  'console/src',
  'console/build',
  'packages/api/src',
  'packages/kube/src',
  'cli/src',
  'launcher/src',
  'images',
  'bench',
  'test',
]

function readTitles(): Title[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((entry) => /\.(test|story|check)\.ts$/.test(entry) && entry !== 'requirements.test.ts')
      .flatMap((entry) => titlesOf(`${folder}/${entry}`, readFileSync(join(root, folder, entry), 'utf8'))),
  )
}

function titlesOf(file: string, code: string): Title[] {
  // a test that does not run proves nothing
  const running = [...code.matchAll(TITLE)].filter(([, modifiers]) => !/\.(skip|todo|fails)$/.test(modifiers ?? ''))
  return running.map((match) => {
    const text = (match[2] ?? match[3] ?? match[4] ?? '').replace(/\\(.)/g, '$1')
    return { file, text, ids: idsOf(text) }
  })
}

function idsOf(title: string): string[] {
  const ids: string[] = []
  for (let rest = title; ; rest = rest.replace(/^[\s,]+/, '')) {
    const id = ID.exec(rest)?.[0]
    if (id === undefined) return ids
    ids.push(id)
    rest = rest.slice(id.length)
  }
}

function isProven({ id, proof }: Requirement, titles: readonly Title[]): boolean {
  return proof.length > 0 || titles.some(({ ids }) => ids.includes(id))
}

function findUnproven(requirements: readonly Requirement[], titles: readonly Title[]): string[] {
  return requirements
    .filter((one) => one.due === 'now' && !isProven(one, titles))
    .map(({ id, behaviour }) => `${id}: ${behaviour}`)
}

const titles = readTitles()
const known = new Set(REQUIREMENTS.map(({ id }) => id))

test('ids are unique', () => {
  expect(REQUIREMENTS.length).toBe(known.size)
})

test('every promise that is due is proven by a test', () => {
  expect(findUnproven(REQUIREMENTS, titles)).toEqual([])
})

test('what the cluster does not show yet is said', () => {
  const silent = REQUIREMENTS.filter(({ id, due, lacks }) => /^(BOX|SEC|OPR)-/.test(id) && due === 'later' && !lacks)
  expect(silent.map(({ id }) => id)).toEqual([])
})

test('every test that is named as a proof is there', () => {
  const gone = REQUIREMENTS.flatMap(({ id, proof }) =>
    proof
      .filter(([file, text]) => !titles.some((title) => title.file === file && title.text.includes(text)))
      .map(([file, text]) => `${id}: ${file}: ${text}`),
  )
  expect(gone).toEqual([])
})

test('no test names a promise that is not known', () => {
  const unknown = titles.flatMap(({ file, text, ids }) =>
    ids.filter((id) => !known.has(id)).map((id) => `${id} in ${file}: ${text}`),
  )
  expect(unknown).toEqual([])
})

describe('this check itself', () => {
  test('reads titles of every form', () => {
    const code = `
      test('SES-3: a')
      test.each(rows)("ID-1, GW-6: b %s", () => {})
      describe.skipIf(isRoot)(\`R3-4a: c\`, () => {})
      test.skip('SEC-1: not run')
      const text = 'SEC-2: no title'
    `
    expect(titlesOf('f', code).flatMap(({ ids }) => ids)).toEqual(['SES-3', 'ID-1', 'GW-6', 'R3-4a'])
  })

  test('finds a promise without a test', () => {
    const lost: Requirement = { id: 'R9-1', behaviour: 'x', source: 'y', due: 'now', proof: [] }
    expect(findUnproven([lost], titles)).toEqual(['R9-1: x'])
    expect(findUnproven([{ ...lost, due: 'later' }], titles)).toEqual([])
    expect(findUnproven([lost], [...titles, { file: 'f', text: 'R9-1: x', ids: ['R9-1'] }])).toEqual([])
  })
})
