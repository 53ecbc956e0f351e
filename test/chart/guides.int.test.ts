// The guides of the chart are true where Helm alone can tell: every value they name exists, every line that renders does so.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CHART, HELM, at, parseYaml } from './helm.ts'

const ROOT = path.join(CHART, '../..')
const GUIDES = ['docs/guides/install.md', 'docs/guides/operations.md', 'charts/mcphub/README.md']
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')
const values = parseYaml(read('charts/mcphub/values.yaml')) as Readonly<Record<string, unknown>>

/** Words such as `sandboxes.allowedImages`, in the text or behind --set. */
function listNamedValues(text: string): string[] {
  const words = [...text.matchAll(/(?:`|--set )([a-z]\w*(?:\.[a-zA-Z*]\w*)+)/g)].map(([, word]) => word!)
  return words.filter((word) => Object.hasOwn(values, word.split('.')[0]!))
}

const exists = (word: string): boolean => word.includes('*') || at(values, word) !== undefined

test.each(GUIDES)('%s names values that exist', (file) => {
  const named = listNamedValues(read(file))
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((word) => !exists(word))).toEqual([])
})

test('a value that is not there would be found', () => {
  const named = listNamedValues('`sandboxes.allowedImage` and --set gateway.replica=3')
  expect(named.filter((word) => !exists(word))).toEqual(['sandboxes.allowedImage', 'gateway.replica'])
})

const LINES = GUIDES.flatMap((file) =>
  [...read(file).matchAll(/^helm template .*$/gm)].map(([line]): [string, string] => [file, line]),
)

describe.skipIf(!HELM)('what the guides render', () => {
  test('is more than one thing', () => expect(LINES.length).toBeGreaterThan(4))

  test.each(LINES)('%s: %s', async (_, line) => {
    const env = { ...process.env, PATH: `${path.dirname(HELM!)}:${process.env['PATH'] ?? ''}` }
    const { stderr } = await promisify(execFile)('sh', ['-ec', line], { cwd: ROOT, env, timeout: 30_000 })
    expect(stderr).toBe('')
  })
})
