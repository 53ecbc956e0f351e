// Which sandbox a request means. Ids are keyed hashes of unambiguous parts, so that no two owners share one and none reveals a user
// (BOX-8). Pure.
import type { AcquireRequest, SandboxOwner } from '../sandboxes.ts'
import { checkName } from './folders.ts'

/** A keyed hash of the parts; the same for the same parts, lower-case letters, digits and "-". */
export type DeriveId = (parts: readonly string[]) => string

export interface SandboxIdentity {
  /** one per child that may run: (user, server) and the MCP session where sessions are isolated */
  readonly id: string
  /** folder names: whose, and which server's */
  readonly user: string
  readonly server: string
}

function describeOwner(owner: SandboxOwner): readonly string[] {
  if (owner.discovery) return ['discovery', owner.userId ?? '']
  return owner.userId === null ? ['shared', ''] : ['user', owner.userId]
}

export function deriveUserName(deriveId: DeriveId, owner: SandboxOwner): string {
  return checkName(deriveId(['sandbox-user', ...describeOwner(owner)]))
}

export function identify(deriveId: DeriveId, request: Pick<AcquireRequest, 'owner' | 'server'>): SandboxIdentity {
  const { owner, server } = request
  const session = owner.sessionId === null ? ['all', ''] : ['session', owner.sessionId]
  return {
    id: checkName(deriveId(['sandbox', server.name, ...describeOwner(owner), ...session])),
    user: deriveUserName(deriveId, owner),
    server: checkName(deriveId(['sandbox-server', server.name, ...describeOwner(owner)])),
  }
}
