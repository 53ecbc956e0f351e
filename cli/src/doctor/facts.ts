// Everything the checks judge, read once and never throwing: a fact that cannot be read is itself a finding.
import { statSync } from 'node:fs'
import path from 'node:path'
import type { CheckResponse, HealthResponse, MeResponse, ServerListResponse, ToolListResponse } from '@mcphub/api'
import { createClient } from '../client.ts'
import type { Client } from '../client.ts'
import { resolveTarget } from '../config.ts'
import type { Environment, Target, TargetOptions } from '../config.ts'
import { CliFault } from '../fault.ts'
import { hubPath } from '../hub-url.ts'
import { VERSION } from '../version.ts'

export type Read<T> = { readonly value: T } | { readonly fault: CliFault } | null

export interface DoctorFacts {
  readonly nodeVersion: string
  readonly cliVersion: string
  readonly environment: Environment
  /** permission bits of the folder of the kept credentials; null: there is none */
  readonly folderMode: number | null
  readonly target: Read<Target>
  readonly now: number
  /** null: not asked, because something before it is missing */
  readonly health: Read<HealthResponse>
  readonly me: Read<MeResponse>
  readonly servers: Read<ServerListResponse>
  readonly tools: Read<ToolListResponse>
  readonly endpoint: Read<EndpointAnswer>
  readonly hubChecks: Read<readonly CheckResponse[]>
}

export interface EndpointAnswer {
  readonly status: number
  readonly isJsonRpc: boolean
}

const TIMEOUT_MS = 10_000

export async function gatherFacts(options: TargetOptions, environment: Environment): Promise<DoctorFacts> {
  const target = await read(async () => resolveTarget(options, environment))
  const found = valueOf(target)
  const client = found && createClient({ ...found, timeoutMs: TIMEOUT_MS })
  const health = await read(client && (() => client.call('getHealth')))
  const now = Date.now()
  const me = await read(valueOf(health) && found?.key ? () => client!.call('getMe') : null)
  return {
    nodeVersion: process.versions.node,
    cliVersion: VERSION,
    environment,
    folderMode: modeOf(path.dirname(environment.credentialsFile)),
    target,
    now,
    health,
    me,
    ...(await gatherAsUser(client, found, valueOf(me))),
  }
}

type AsUser = Pick<DoctorFacts, 'servers' | 'tools' | 'endpoint' | 'hubChecks'>

async function gatherAsUser(client: Client | null, target: Target | null, me: MeResponse | null): Promise<AsUser> {
  if (!client || !target || !me) return { servers: null, tools: null, endpoint: null, hubChecks: null }
  const isAdmin = me.role === 'admin' && me.key?.scope.servers === null
  const [servers, tools, endpoint, hubChecks] = await Promise.all([
    read(() => client.call('listServers')),
    read(() => client.call('listTools')),
    read(() => ping(target)),
    read(isAdmin ? async () => (await client.call('getDoctor')).items : null),
  ])
  return { servers, tools, endpoint, hubChecks }
}

/** One harmless request to the MCP endpoint, as an editor would send it. */
async function ping({ url, key }: Target): Promise<EndpointAnswer> {
  const response = await fetch(hubPath(url, '/mcp'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = await response.text()
  return { status: response.status, isJsonRpc: text.includes('"jsonrpc"') }
}

async function read<T>(ask: (() => Promise<T>) | null): Promise<Read<T>> {
  if (!ask) return null
  try {
    return { value: await ask() }
  } catch (thrown) {
    return {
      fault:
        thrown instanceof CliFault ? thrown : new CliFault('It cannot be reached.', { exit: 1, code: 'unreachable' }),
    }
  }
}

export function valueOf<T>(fact: Read<T>): T | null {
  return fact && 'value' in fact ? fact.value : null
}

export function faultOf(fact: Read<unknown>): CliFault | null {
  return fact && 'fault' in fact ? fact.fault : null
}

function modeOf(folder: string): number | null {
  return statSync(folder, { throwIfNoEntry: false })?.mode ?? null
}
