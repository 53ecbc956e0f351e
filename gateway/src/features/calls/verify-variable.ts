// Whether a variable works, by the calls that manifests name for it. What a tool answers is not told: it may repeat the value.
import { randomUUID } from 'node:crypto'
import { ERROR_FACES, toHubError, type VerifyResponse } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { DirectCall, DirectCalls } from '../../mcp/downstream/direct-call.ts'

type Item = VerifyResponse['items'][number]

const VERIFY_MS = 15_000
/** Several servers may name one variable; each check is a call like any other. */
const AT_ONCE = 4

const UNHEARD = { progress: () => undefined, log: () => undefined }

export interface Verification {
  readonly principal: Principal
  readonly variable: string
  /** those the person may use */
  readonly servers: readonly CatalogServer[]
  /** nobody waits any more */
  readonly signal: AbortSignal
}

/** In the order of the servers; one server may name several calls. */
export async function verifyVariable(
  calls: Pick<DirectCalls, 'prepare'>,
  { principal, variable, servers, signal }: Verification,
): Promise<VerifyResponse> {
  const wanted = servers.flatMap((server) => listChecks(server, variable, principal))
  const items: Item[] = []
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    items.push(...(await Promise.all(wanted.slice(at, at + AT_ONCE).map((call) => check(calls, call, signal)))))
  }
  return { items }
}

function listChecks({ name, spec }: CatalogServer, variable: string, principal: Principal): DirectCall[] {
  return spec.verify
    .filter((one) => one.variable === variable)
    .map((one) => ({
      principal,
      server: name,
      tool: one.tool,
      arguments: { ...one.arguments },
      requestId: randomUUID(),
      timeoutMs: VERIFY_MS,
    }))
}

async function check(calls: Pick<DirectCalls, 'prepare'>, call: DirectCall, signal: AbortSignal): Promise<Item> {
  const { server, tool, requestId } = call
  const told = { server, tool, requestId, params: { server, tool } }
  try {
    const { isError } = await calls.prepare(call).run(UNHEARD, signal)
    if (!isError) return { ...told, ok: true, code: 'verified', error: null, message: 'It works' }
    const message = `${tool} of ${server} says that it failed: most often the value is not right`
    return { ...told, ok: false, code: 'toolFailed', error: null, message }
  } catch (thrown) {
    const { code } = toHubError(thrown)
    const message = `${tool} of ${server} could not be called: ${ERROR_FACES[code].title}`
    return { ...told, ok: false, code: 'notCalled', error: code, message }
  }
}
