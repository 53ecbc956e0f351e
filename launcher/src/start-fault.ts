// A reason why the hub cannot start, said to a person: what is wrong, and what to do.

export class StartFault extends Error {
  /** one sentence: what the person can do */
  readonly fix: string
  constructor(message: string, fix: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StartFault'
    this.fix = fix
  }
}

/** The errno of a thrown system error ('ENOSPC', 'EACCES', …), or null. */
export function readErrno(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null
  return typeof thrown.code === 'string' ? thrown.code : null
}
