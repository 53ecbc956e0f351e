// The documents are true where a program can tell: links lead somewhere, manifests are valid, commands and variables exist.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildProgram } from '../cli/src/program.ts'
import { createManifestCatalog } from '../gateway/src/catalog/manifests/manifest-catalog.ts'
import { describeConfig } from '../gateway/src/config.ts'
import { GUIDES, readSteps } from './e2e-cluster/kit/guide-steps.ts'

const root = path.join(import.meta.dirname, '..')
const listMarkdown = (folder: string): string[] =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name))
const DOCS = ['.', 'docs', 'docs/adr', 'docs/guides'].flatMap(listMarkdown)
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([whole, part]) => part ?? whole)

test.each(DOCS)('%s: every link to a file leads to one', (file) => {
  const links = matches(read(file), /\]\(([^)#\s]+)[^)]*\)/g).filter((link) => !/^[a-z]+:/.test(link))
  const dead = links
    .map((link) => path.join(path.dirname(file), link))
    .filter((target) => !existsSync(path.join(root, target)))
  expect(dead).toEqual([])
})

test('every path that a document names in code is there', () => {
  const ROOMS = /`((?:gateway|console|cli|launcher|packages|test|docs|bench|scripts|lint-fixtures|catalog)\/[\w./-]+)`/g
  const dead = DOCS.flatMap((file) =>
    matches(read(file), ROOMS)
      // ARCHITECTURE.md names ports relative to gateway/src
      .filter((named) => !existsSync(path.join(root, named)) && !existsSync(path.join(root, 'gateway/src', named)))
      .map((named) => `${file}: ${named}`),
  )
  expect(dead).toEqual([])
})

test('every manifest of the guides is valid as it stands', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcphub-docs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const manifests = DOCS.flatMap((file) => matches(read(file), /```yaml\n([\s\S]*?)```/g)).filter((text) =>
    /^kind: /m.test(text),
  )
  expect(manifests.length).toBeGreaterThan(2)
  mkdirSync(path.join(folder, 'catalog'))
  for (const [n, text] of manifests.entries()) writeFileSync(path.join(folder, 'catalog', `${n}.yaml`), text)
  const catalog = createManifestCatalog({
    folder: path.join(folder, 'catalog'),
    log: { info: () => {}, warn: () => {} },
    lastGoodFile: path.join(folder, 'last-good.json'),
  })
  await catalog.start()
  onTestFinished(() => catalog.stop())
  expect(catalog.snapshot().faults).toEqual([])
})

test('every mcphub command and option of the documents exists', () => {
  const program = buildProgram({
    cwd: root,
    url: null,
    key: null,
    credentialsFile: path.join(root, 'none'),
    proxies: { http: null, https: null, no: null },
  })
  const lines = DOCS.flatMap((file) =>
    matches(read(file), /(?:^|[`(|&]|&& |\| |\$\(|MCPHUB_KEY=\$\w+ )mcphub ([a-z-][^`\n#]*)/gm),
  )
  expect(lines.length).toBeGreaterThan(30)
  expect(lines.flatMap((line) => listUnknown(program, line))).toEqual([])
})

test('a guide with commands for a cluster is run there, and says what to do with each block', () => {
  const isForCluster = (file: string): boolean => /^```sh\n[^`]*\b(kubectl|helm) /m.test(read(file))
  const known: readonly string[] = GUIDES.map((name) => `docs/guides/${name}.md`)
  expect(listMarkdown('docs/guides').filter((file) => isForCluster(file) && !known.includes(file))).toEqual([])
  for (const file of known) expect(readSteps(read(file)).length, file).toBeGreaterThan(0)
})

test.each([
  ['a word nobody knows', '<!-- e2e: later -->\n```sh\nls\n```', /e2e: later/],
  ['a block that is skipped without a reason', '<!-- e2e: skip -->\n\n```sh\nls\n```', /e2e: skip/],
  ['a comment above no block', '<!-- e2e: skip why -->\ntext\n', /above no block/],
])('%s is a fault of the guide', (_what, text, words) => expect(() => readSteps(text)).toThrow(words))

type Command = ReturnType<typeof buildProgram>

/** The words of a line that lead from command to command, and its long options. */
function listUnknown(program: Command, line: string): string[] {
  const words = line
    .split(/&&|\||>|</)[0]!
    .trim()
    .split(/\s+/)
  let command: Command = program
  for (const word of words.filter((each, n) => !each.startsWith('-') && words[n - 1] !== '--key-file')) {
    const next = command.commands.find((each) => each.name() === word)
    if (!next && (command === program || command.commands.length > 0)) return [`${line}: ${word}`]
    if (!next) break
    command = next
  }
  const known = new Set([...program.options, ...command.options].map(({ long }) => long))
  return words
    .filter((word) => /^--[a-z]/.test(word) && word !== '--help' && !known.has(word))
    .map((word) => `${line}: ${word}`)
}

test('every variable of the hub that a document names is read somewhere', () => {
  const readers = ['compose.yaml', 'images/buildah.ts', 'images/installer/config.ts'].map(read)
  const known = `${describeConfig()} MCPHUB_URL MCPHUB_KEY ${readers.join(' ')}`
  const named = DOCS.flatMap((file) => matches(read(file), /MCPHUB_[A-Z_]+/g))
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})
