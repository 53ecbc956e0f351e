// The committed CRDs and the corpus, read as plain data.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseDocuments } from '../../gateway/src/catalog/manifests/documents.ts'
import type { CrdNode } from './structural-rules.ts'

export const ROOT = path.join(import.meta.dirname, '../..')

export interface CrdFile {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string; readonly plural: string }
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: CrdNode }
      readonly additionalPrinterColumns: readonly { readonly jsonPath: string }[]
      readonly selectableFields?: readonly { readonly jsonPath: string }[]
      readonly subresources: { readonly scale?: Readonly<Record<string, string>> }
    }[]
  }
}

export function readCrds(): CrdFile[] {
  return readdirSync(path.join(ROOT, 'crds')).map((name) => {
    const [document] = parseDocuments(readFileSync(path.join(ROOT, 'crds', name), 'utf8'))
    return document!.data as CrdFile
  })
}

export const schemaOf = (crd: CrdFile): CrdNode => crd.spec.versions[0]!.schema.openAPIV3Schema

export interface Example {
  readonly name: string
  readonly text: string
}

/** `good` or `bad`, or another folder of manifests below the root. */
export function listExamples(folder: string): Example[] {
  return readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ name, text: readFileSync(path.join(ROOT, folder, name), 'utf8') }))
}
