// The answer to `initialize`, the same whatever carries it. Pure.
import type { HubError } from '@mcphub/api'
import { answerFault, statusFault } from './faults.ts'
import type { Asked } from './link.ts'
import { describeServer, LEGACY_REVISIONS } from './rpc-body.ts'
import type { ServerDescription } from './upstreams.ts'

/** @throws HubError when the server refused, or speaks no revision the hub knows */
export function readHandshake(server: string, asked: Asked): ServerDescription {
  if (asked.kind !== 'result') throw refusal(server, asked)
  const revision = asked.result['protocolVersion']
  if (typeof revision !== 'string' || !LEGACY_REVISIONS.includes(revision)) {
    throw answerFault(server, 'it offers no protocol revision the hub knows')
  }
  return describeServer(asked.result, 'legacy', revision)
}

function refusal(server: string, asked: Exclude<Asked, { kind: 'result' }>): HubError {
  return asked.kind === 'refused'
    ? statusFault(server, asked.status)
    : answerFault(server, `it refused "initialize" (${asked.error.code})`)
}
