// A server as the operator keeps it. One whose spec has a shape that nothing here knows (shapes.ts) is kept as one that runs nothing, with the
// sentence that says so: what decides never meets it, and it harms no other.
import { mcpServerSpec } from '@mcphub/api'
import type { ServerObject } from './resources.ts'
import { findShapeFaults, sayUnreadable } from './shapes.ts'

const STAND_IN = mcpServerSpec.parse({
  type: 'Remote',
  remote: { url: 'https://unreadable.invalid/' },
  isolation: 'PerUser',
})

export function readServer(server: ServerObject): ServerObject {
  const faults = findShapeFaults(mcpServerSpec, server.spec)
  return faults.length === 0 ? server : { ...server, spec: STAND_IN, unreadable: sayUnreadable(faults) }
}
