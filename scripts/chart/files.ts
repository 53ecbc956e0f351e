// Every file of the chart that is made from others: path below the root → text. Pure but for reading values.yaml, so a test can compare.
import { readFileSync } from 'node:fs'
import { renderCrdTemplates } from './crds.ts'
import { renderReadme } from './readme.ts'
import { renderSchema } from './schema.ts'
import { readValues } from './values.ts'

const VALUES = new URL('../../charts/mcphub/values.yaml', import.meta.url)

export function renderChartFiles(): ReadonlyMap<string, string> {
  const values = readValues(readFileSync(VALUES, 'utf8'))
  return new Map([
    ...renderCrdTemplates(),
    ['charts/mcphub/values.schema.json', renderSchema(values)],
    ['charts/mcphub/README.md', renderReadme(values)],
  ])
}
