// Whether a UserGroup gives a server. One pure function for the gateway (who may call) and the operator (what its status counts), so that both
// always mean the same.
import type { UserGroupSpec } from './crds/user-group.ts'

export interface NamedServer {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** By names, or by labels that must all be there. A selector without labels selects nothing: emptiness must not mean everything. */
export function givesServer(
  { servers, serverSelector }: Pick<UserGroupSpec, 'servers' | 'serverSelector'>,
  { name, labels }: NamedServer,
): boolean {
  if (servers?.includes(name)) return true
  const wanted = Object.entries(serverSelector?.matchLabels ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}
