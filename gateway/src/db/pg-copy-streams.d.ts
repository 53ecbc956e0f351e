// The part of pg-copy-streams that is used; the package brings no types.
declare module 'pg-copy-streams' {
  import type { Submittable } from 'pg'
  import type { Writable } from 'node:stream'
  /** The stream finishes when the rows are visible in PostgreSQL. */
  export function from(statement: string): Writable & Submittable
}
