// Rules across the fields of a remote server.
import { duplicates, fault, when } from './check-kit.ts'
import type { Check } from './check-kit.ts'
import { HTTP_URL, OWN_HEADERS, UNFIT_HEADER_VALUE, VARIABLE_IN_HOST } from './patterns.ts'
import type { RemoteSpec } from './remote-spec.ts'

/** References do not matter for the shape; any host-safe word may stand for one. */
function parseUrl(text: string): URL | null {
  return URL.parse(text.replace(/\$\{[^}]*\}/g, 'x'))
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

const urlIsHttp: Check<RemoteSpec> = ({ url }) => {
  const parsed = parseUrl(url)
  if (!parsed) return fault('remote.url', 'not a URL; give one such as https://mcp.example.com/mcp')
  if (!/^https?:$/.test(parsed.protocol)) return fault('remote.url', 'only https and http URLs are served')
  if (!HTTP_URL.test(url)) return fault('remote.url', 'write the URL out, such as https://mcp.example.com/mcp')
  return [
    ...when(
      parsed.username !== '' || parsed.password !== '',
      'remote.url',
      'put no credentials into the URL; send them in remote.headers',
    ),
    ...when(parsed.hash !== '', 'remote.url', 'remove the part after "#"; it is never sent'),
  ]
}

const plainHttpIsAsked: Check<RemoteSpec> = ({ url, insecure }) => {
  const parsed = parseUrl(url)
  const exposed = parsed?.protocol === 'http:' && !LOOPBACK.test(parsed.hostname)
  return when(
    exposed && insecure !== 'Allow',
    'remote.url',
    'plain http shows every call to the network; use https, or set remote.insecure: Allow',
  )
}

/** Else a user's value would choose where everybody's headers, organisation tokens among them, are sent. */
const hostIsFixed: Check<RemoteSpec> = ({ url }) =>
  when(
    VARIABLE_IN_HOST.test(url),
    'remote.url',
    'a variable may stand in the path or query of a URL, never in its scheme or host',
  )

const headersAreFree: Check<RemoteSpec> = ({ headers }) =>
  headers.flatMap(({ name, value }, i) => [
    ...when(
      OWN_HEADERS.test(name.toLowerCase()),
      `remote.headers[${i}].name`,
      'the hub sets this header itself; remove it',
    ),
    ...when(
      UNFIT_HEADER_VALUE.test(value),
      `remote.headers[${i}].value`,
      'use printable ASCII without spaces at the edges',
    ),
  ])

const headersOnce: Check<RemoteSpec> = ({ headers }) =>
  duplicates(
    'remote.headers',
    headers.map(({ name }) => name.toLowerCase()),
  )

export const REMOTE_CHECKS: readonly Check<RemoteSpec>[] = [
  urlIsHttp,
  plainHttpIsAsked,
  hostIsFixed,
  headersAreFree,
  headersOnce,
]
