// `npm run docs:crds`: writes crds/*.yaml and docs/guides/resources.md from the schemas of packages/api.
import { mkdirSync, writeFileSync } from 'node:fs'
import { renderCrdFiles } from './crds/files.ts'

const ROOT = new URL('../', import.meta.url)

mkdirSync(new URL('crds/', ROOT), { recursive: true })
for (const [file, text] of renderCrdFiles()) writeFileSync(new URL(file, ROOT), text)
