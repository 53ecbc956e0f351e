// `isolation: Auto`: one pure function from what the manifest says to a mode and its reason, which status and console show.
import type { McpServerSpec } from './crds/mcp-server.ts'
import { listUserVariables } from './templates.ts'

export interface Isolation {
  readonly mode: 'Shared' | 'PerUser'
  readonly reason: string
}

/** The declared risk, or the default of the type: a stdio server runs foreign code beside the hub, the others do not. */
export function riskOf(spec: Pick<McpServerSpec, 'type' | 'riskLevel'>): NonNullable<McpServerSpec['riskLevel']> {
  return spec.riskLevel ?? (spec.type === 'Stdio' ? 'High' : 'Low')
}

/** Only user variables count; organisation variables belong to nobody. */
export function decideIsolation(
  spec: Pick<McpServerSpec, 'type' | 'riskLevel' | 'isolation' | 'remote' | 'stdio' | 'userVariables'>,
): Isolation {
  if (spec.isolation !== 'Auto')
    return { mode: spec.isolation, reason: `the manifest says isolation: ${spec.isolation}` }
  if (spec.type !== 'Stdio') {
    return {
      mode: 'Shared',
      reason: `a ${spec.type} server runs no process here; every user has an upstream session of their own`,
    }
  }
  const userVariables = listUserVariables(spec)
  if (userVariables.length > 0) {
    return { mode: 'PerUser', reason: `it takes the user's own ${userVariables.join(', ')}` }
  }
  if (spec.stdio?.sessions === 'Isolated') {
    return { mode: 'PerUser', reason: 'sessions: Isolated gives every session a child of its own' }
  }
  const risk = riskOf(spec)
  if (risk === 'High' || risk === 'Critical') {
    const origin = spec.riskLevel === undefined ? 'the default for stdio' : 'declared'
    return { mode: 'PerUser', reason: `riskLevel is ${risk} (${origin})` }
  }
  return { mode: 'Shared', reason: `riskLevel is ${risk} and it takes no user variable` }
}
