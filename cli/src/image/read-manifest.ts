// One McpServer out of a manifest file, for what needs no hub.
import { readFileSync } from 'node:fs'
import { EXIT_CODES, mcpServer, presentFaults } from '@mcphub/api'
import type { StdioSpec } from '@mcphub/api'
import { parseAllDocuments } from 'yaml'
import { CliFault, notFound, usageFault } from '../fault.ts'

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw Object.assign(usageFault(`${file} cannot be read.`, 'Name the manifest with --file.'), { cause })
  }
}

interface Named {
  readonly kind?: string
  readonly metadata?: { readonly name?: string }
}

/** @throws CliFault: no such file or server, not valid, or not a stdio server */
export function readStdioServer(file: string, name: string): StdioSpec {
  const documents = parseAllDocuments(readText(file)).map((document) => document.toJS() as Named | null)
  const found = documents.find((one) => one?.kind === 'McpServer' && one.metadata?.name === name)
  if (!found) throw notFound(`${file} holds no McpServer "${name}".`)
  const parsed = mcpServer.safeParse(found)
  if (!parsed.success) {
    const faults = presentFaults(parsed.error)
    throw new CliFault(`${name} is not a valid McpServer.`, {
      exit: EXIT_CODES.invalid,
      code: 'invalid_request',
      faults,
    })
  }
  const { stdio } = parsed.data.spec
  if (!stdio) throw usageFault(`${name} is no stdio server: nothing of it runs here.`)
  return stdio
}
