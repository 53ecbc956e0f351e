// file: gateway/src/access/bad-require.ts
// fires: typescript(no-require-imports)
import fs = require('node:fs')

export const read = fs.readFileSync
