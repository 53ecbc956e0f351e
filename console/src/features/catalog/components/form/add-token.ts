// "Ask each person for a token", in one act: where the server takes it, and the variable that people fill in. And which variables a manifest
// names without a word about them. Pure.
import { isData, editManifest, textAt, valueAt, type Data } from './manifest.ts'

const REFERENCE = /\$\{(USER_[A-Z][A-Z0-9_]{0,58})\}/g

const plain = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
const rowsAt = (data: Data, path: readonly string[]): readonly unknown[] => {
  const rows = valueAt(data, path)
  return Array.isArray(rows) ? rows : []
}

export function addToken(text: string, data: Data): string {
  const name = plain(textAt(data, ['metadata', 'name'])).replace(/^[^A-Z]+|_+$/g, '') || 'SERVER'
  const variable = `USER_${name}_TOKEN`.slice(0, 64)
  const isRemote = valueAt(data, ['spec', 'type']) === 'Remote'
  const path = isRemote ? ['spec', 'remote', 'headers'] : ['spec', 'stdio', 'env']
  const row = isRemote
    ? { name: 'Authorization', value: `Bearer \${${variable}}` }
    : { name: `${name}_TOKEN`, value: `\${${variable}}` }
  const withRow = editManifest(text, [...path, rowsAt(data, path).length], row)
  return describe(withRow, data, variable)
}

/** With an entry for people about this variable. */
export function describe(text: string, data: Data, variable: string): string {
  return editManifest(text, ['spec', 'userVariables', rowsAt(data, ['spec', 'userVariables']).length], {
    name: variable,
  })
}

/** In the order they stand in the manifest. */
export function listUndescribed(data: Data): readonly string[] {
  const named = [...JSON.stringify(data['spec'] ?? null).matchAll(REFERENCE)].map(([, name]) => name!)
  const described = new Set(rowsAt(data, ['spec', 'userVariables']).map((row) => (isData(row) ? row['name'] : null)))
  return [...new Set(named)].filter((name) => !described.has(name))
}
