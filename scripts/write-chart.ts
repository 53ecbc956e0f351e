// `npm run docs:chart`: writes the chart's definitions, schema and README from crds/ and values.yaml.
import { writeFileSync } from 'node:fs'
import { renderChartFiles } from './chart/files.ts'

const ROOT = new URL('../', import.meta.url)

for (const [file, text] of renderChartFiles()) writeFileSync(new URL(file, ROOT), text)
