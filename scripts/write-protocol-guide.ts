// `npm run docs:protocol`: writes the tables of docs/guides/protocol.md from the pairing matrix that the tests run.
import { readFileSync, writeFileSync } from 'node:fs'
import { renderGuide } from '../test/pairings/guide.ts'

const GUIDE = new URL('../docs/guides/protocol.md', import.meta.url)

writeFileSync(GUIDE, renderGuide(readFileSync(GUIDE, 'utf8')))
