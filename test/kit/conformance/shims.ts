// What stands between a suite and the hub where the suite cannot do it itself: a key for requests that drop the query, bare names for the
// endpoint that prefixes them.
import { dropHeaders, startProxy, type LoopbackProxy, type Passing } from './loopback-proxy.ts'

interface Named {
  name: string
}

/** Adds the key as a header; everything else passes untouched. */
export function startKeyProxy(hub: URL, key: string): Promise<LoopbackProxy> {
  return startProxy(hub, { request: (passing) => addKey(passing, key) })
}

/** `/mcp` with `<server>__` taken off the names in lists and put before them in calls. */
export function startRenamingShim(hub: URL, key: string, prefix: string): Promise<LoopbackProxy> {
  return startProxy(hub, {
    request(passing) {
      addKey(passing, key)
      const called = readCalled(passing.body)
      if (called === null) return
      const { message, named } = called
      const mirrored = findHeader(passing.headers, 'mcp-name')
      if (mirrored !== -1 && passing.headers[mirrored] === named.name) passing.headers[mirrored] = prefix + named.name
      named.name = prefix + named.name
      passing.body = Buffer.from(JSON.stringify(message))
    },
    answer(text, sent) {
      return isNamedList(sent.body) ? text.replaceAll(`"name":"${prefix}`, '"name":"') : text
    },
  })
}

function addKey(passing: Passing, key: string): void {
  passing.path = passing.path.split('?', 1)[0]!
  passing.headers = [...dropHeaders(passing.headers, ['authorization']), 'Authorization', `Bearer ${key}`]
}

const parse = (body: Buffer): { method?: unknown; params?: Record<string, unknown> } | null => {
  try {
    return JSON.parse(body.toString('utf8')) as { method?: unknown; params?: Record<string, unknown> }
  } catch {
    return null
  }
}

function isNamedList(body: Buffer): boolean {
  const method = parse(body)?.method
  return method === 'tools/list' || method === 'prompts/list'
}

/** Where a tool or a prompt is called by its name. */
function readCalled(body: Buffer): { readonly message: object; readonly named: Named } | null {
  const message = parse(body)
  const { method, params } = message ?? {}
  if (message === null || params === undefined) return null
  const holder = method === 'completion/complete' ? params['ref'] : params
  const isCall = method === 'tools/call' || method === 'prompts/get' || method === 'completion/complete'
  return isCall && isNamed(holder) ? { message, named: holder } : null
}

const isNamed = (value: unknown): value is Named =>
  typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string'

/** The index of its value, or -1. */
function findHeader(headers: readonly string[], name: string): number {
  const at = headers.findIndex((value, index) => index % 2 === 0 && value.toLowerCase() === name)
  return at === -1 ? -1 : at + 1
}
