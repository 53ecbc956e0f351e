// The version of the command line: that of the project it is part of.
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const file = new URL('../package.json', import.meta.url)
export const { version: VERSION } = z.looseObject({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8')))
