// What was done, in words. A record names a route by its method and path, an MCP request by its method, and a few acts of the hub itself.
import type { RouteId } from '@mcphub/api'
import { useMemo } from 'react'
import { routes } from 'virtual:routes'
import { useText } from './i18n/use-text.ts'
import type { TextKey } from './i18n/words.ts'
import { LOGIN_CALLBACK } from './login-faults.ts'

type Named = TextKey<'actions'>

const BY_NAME: Readonly<Record<string, Named>> = {
  [LOGIN_CALLBACK]: 'hub.provider',
  initialize: 'hub.begin',
  'tools/call': 'hub.call',
  'tools/list': 'hub.list',
  'prompts/get': 'hub.prompt',
  'prompts/list': 'hub.prompts',
  'resources/read': 'hub.resource',
  'resources/list': 'hub.resources',
  mcp: 'hub.mcp',
  refused: 'hub.refused',
  'audit.lost': 'hub.lost',
  'variable.open': 'hub.unopened',
}
/** Whoever knows these knows them by their names. */
const MCP_METHODS = ['resources/templates/list', 'resources/subscribe', 'completion/complete', 'ping']

/** Reading leaves no record, so the words are of what changes something. */
const BY_ACTION: ReadonlyMap<string, Named> = new Map([
  ...(Object.entries(routes) as [RouteId, readonly [string, string]][])
    .filter(([, [method]]) => method !== 'GET')
    .map(([id, [method, path]]) => [`${method} ${path}`, id as Named] as const),
  ...Object.entries(BY_NAME),
])

export interface ActionName {
  readonly action: string
  readonly words: string
}

/** An action without words is told as it stands in the record. */
export function useActionName(): (action: string) => string {
  const t = useText('actions')
  return (action) => {
    const key = BY_ACTION.get(action)
    return key === undefined ? action : t(key)
  }
}

/** All there are to choose from, by their words. */
export function useActions(): readonly ActionName[] {
  const name = useActionName()
  return useMemo(
    () =>
      [...BY_ACTION.keys(), ...MCP_METHODS]
        .map((action) => ({ action, words: name(action) }))
        .toSorted((a, b) => a.words.localeCompare(b.words)),
    [name],
  )
}
