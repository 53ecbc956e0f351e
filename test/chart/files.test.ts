// What the chart says in several places is the same in all: generated files are current, versions, images and metrics exist.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { renderChartFiles } from '../../scripts/chart/files.ts'
import { renderSchema } from '../../scripts/chart/schema.ts'
import { readValues } from '../../scripts/chart/values.ts'
import { CHART, parseYaml as parse } from './helm.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')
const readChart = (file: string): string => readFileSync(path.join(CHART, file), 'utf8')

test.each([...renderChartFiles()])('%s is what `npm run docs:chart` writes', (file, text) => {
  expect(read(file)).toBe(text)
})

test('the definitions in the chart are those in crds/', () => {
  const files = readdirSync(path.join(CHART, 'templates/crds'))
  expect(files.sort()).toEqual(readdirSync(path.join(ROOT, 'crds')).sort())
  for (const file of files) {
    const plain = readChart(`templates/crds/${file}`)
      .replace(/^\{\{- \/\*.*\n\{\{- if .*\n/, '')
      .replace(/ {2}annotations:\n( {4}.*\n)+/, '')
      .replace(/\{\{- end \}\}\n$/, '')
    expect(parse(plain)).toEqual(parse(read(`crds/${file}`)))
  }
})

test('a value nobody described, or whose type its default does not tell, ends the writing', () => {
  expect(() => readValues('a:\n  # a\n  b: 1\n')).toThrow('a has no sentence')
  expect(() => readValues('# a\na:\n  # b\n  b: 1\n  c: 2\n')).toThrow('a.c has no sentence')
  expect(() => renderSchema(readValues('# a\na: {}\n'))).toThrow('a needs an @schema line')
})

interface Chart {
  readonly version: string
  readonly appVersion: string
  readonly kubeVersion: string
  readonly annotations: Readonly<Record<string, string>>
}
interface Images {
  readonly registry: string
  readonly [name: string]: unknown
}
const chart = parse(readChart('Chart.yaml')) as Chart
const values = parse(readChart('values.yaml')) as { readonly images: Images }

test('the chart has the version of the project', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  expect(chart).toMatchObject({ version, appVersion: version, kubeVersion: '>=1.33.0-0' })
})

test('Chart.yaml lists every image and every kind', () => {
  const wanted = Object.values(values.images)
    .filter((image): image is { registry?: string; repository: string; tag: string } => isImage(image))
    .map((image) => `${image.registry ?? values.images.registry}/${image.repository}:${image.tag || chart.appVersion}`)
  const listed = parse(chart.annotations['artifacthub.io/images']!) as { image: string }[]
  expect(listed.map(({ image }) => image).sort()).toEqual(wanted.sort())
  const kinds = parse(chart.annotations['artifacthub.io/crds']!) as { name: string }[]
  const files = readdirSync(path.join(ROOT, 'crds'))
  expect(kinds.map(({ name }) => name).sort()).toEqual(
    files.map((file) => file.replace(/^mcphub\.io_(\w+)\.yaml$/, '$1.mcphub.io')).sort(),
  )
})

const isImage = (image: unknown): boolean => typeof image === 'object' && image !== null && 'repository' in image

/** Declared by the gateway, the runtime of controllers and the operator. */
function listMetrics(): Set<string> {
  const files = [
    'gateway/src/platform/hub-metrics.ts',
    'packages/kube/src/metrics.ts',
    'operator/src/platform/metrics.ts',
  ]
  const names = files
    .map(read)
    .join('\n')
    .matchAll(/\b((?:mcphub|controller_runtime|workqueue|leader_election)_\w+)(?:'|: \[)/g)
  return new Set([...names].map(([, name]) => name!))
}

test('the dashboard and the alerts ask for metrics that exist', () => {
  const known = listMetrics()
  const asked = ['files/dashboard.json', 'templates/metrics/rules.yaml'].map((file): [string, string[]] => [
    file,
    [...readChart(file).matchAll(/\b((?:mcphub|controller_runtime|workqueue|leader_election)_\w+)\b/g)].map(
      ([, name]) => name!,
    ),
  ])
  for (const [file, names] of asked) {
    expect(names.length, file).toBeGreaterThan(3)
    expect(names.filter((name) => !known.has(name.replace(/_bucket$/, '')))).toEqual([])
  }
})
