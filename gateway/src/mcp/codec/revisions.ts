// Which protocol revisions exist, of which era they are, and what differs between them.

/** Stateless: server/discover, an envelope in every request. */
export const MODERN_REVISIONS = ['2026-07-28'] as const
/** Sessions opened by initialize, newest first. */
export const LEGACY_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

export const LATEST_LEGACY_REVISION = LEGACY_REVISIONS[0]
/** What a legacy request without a version header means (2025-11-25 basic/transports). */
export const UNNAMED_REVISION = '2025-03-26'
/** The only revision with JSON-RPC batches. */
export const BATCH_REVISION = '2025-03-26'

export function isModernRevision(revision: string): boolean {
  return (MODERN_REVISIONS as readonly string[]).includes(revision)
}

export function isLegacyRevision(revision: string): boolean {
  return (LEGACY_REVISIONS as readonly string[]).includes(revision)
}

/** initialize: what the client asked for where it is known, else the newest this side speaks. */
export function negotiateRevision(requested: unknown): string {
  return typeof requested === 'string' && isLegacyRevision(requested) ? requested : LATEST_LEGACY_REVISION
}
