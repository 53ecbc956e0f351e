// Whom a request says it talks to (Host) and which page sent it (Origin): both must be names of this hub, else a foreign page could reach a
// hub on its visitor's machine (DNS rebinding). Only a filter: who may do what never depends on these headers (GW-16, CON-4).
import type { IncomingMessage } from 'node:http'
import { HubError } from '@mcphub/api'
import { readSingleHeader } from './single-header.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
/** Probes of an orchestrator name the pod's address; these paths show nothing and change nothing. */
const PROBED = new Set(['/api/health', '/livez', '/readyz'])
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface OriginCheck {
  /** @throws HubError `origin_forbidden` */
  check(request: IncomingMessage): void
  /** What `check` would refuse; null: nothing. */
  find(request: IncomingMessage): OriginFault['kind'] | null
}

interface OriginFault {
  readonly kind: 'blockedHost' | 'blockedOrigin'
  /** English */
  readonly text: string
}

/** `publicHosts`: names besides loopback under which the hub is reached, with or without a port (the port is not compared). */
export function createOriginCheck(publicHosts: readonly string[]): OriginCheck {
  const hosts = new Set([...LOOPBACK, ...publicHosts.map((host) => hostName(host) ?? host.toLowerCase())])
  return {
    check(request) {
      const fault = findFault(request, hosts)
      if (fault !== null && !PROBED.has(pathOf(request))) throw refuse(fault.text)
    },
    find: (request) => findFault(request, hosts)?.kind ?? null,
  }
}

function findFault(request: IncomingMessage, hosts: ReadonlySet<string>): OriginFault | null {
  const host = readSingleHeader(request.rawHeaders, 'host') ?? ''
  if (!hosts.has(hostName(host) ?? '')) {
    const text = 'The Host header names no address of this hub; add the name to MCPHUB_PUBLIC_HOSTS'
    return { kind: 'blockedHost', text }
  }
  const { origin } = request.headers
  if (origin !== undefined && !isOwnOrigin(origin, hosts)) return blocked('The Origin header names a foreign page')
  return origin === undefined && isCrossSite(request) ? blocked('A page of another site may not send this') : null
}

const blocked = (text: string): OriginFault => ({ kind: 'blockedOrigin', text })
const refuse = (text: string) => new HubError('origin_forbidden', text)

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? ''
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** Lower-case name without its port; null for anything that is no plain host (userinfo, path, spaces, a bad port). */
function hostName(host: string): string | null {
  const match = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.exec(host)
  return match ? match[1]!.toLowerCase() : null
}

function isOwnOrigin(origin: string, hosts: ReadonlySet<string>): boolean {
  const match = /^https?:\/\/([^/?#@]+)$/i.exec(origin)
  return match !== null && hosts.has(hostName(match[1]!) ?? '')
}

/** Browsers that send no Origin still say so here; programs send neither. */
function isCrossSite(request: IncomingMessage): boolean {
  return !READING.has(request.method ?? '') && request.headers['sec-fetch-site'] === 'cross-site'
}
