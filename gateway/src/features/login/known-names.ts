// Who logged in with a password lately: while tries under any names use up what is free, they are still looked at. Read when it is asked for and
// a while at most old, so that a flood costs one look at the database, not one for each try.
const KNOWN_FOR_MS = 30_000

export interface KnownNames {
  has(name: string): Promise<boolean>
  /** Logged in here just now; at other gateways that is seen when they read again. */
  add(name: string): void
}

/** `read`: at most so many as may be held in memory. */
export function createKnownNames(read: () => Promise<readonly string[]>, now = Date.now): KnownNames {
  let names = new Set<string>()
  let readAt = -Infinity
  let reading: Promise<void> | null = null

  async function refresh(): Promise<void> {
    // also where it fails: what was known stays
    readAt = now()
    names = new Set(await read())
  }

  return {
    async has(name) {
      if (now() - readAt >= KNOWN_FOR_MS) reading ??= refresh().finally(() => (reading = null))
      if (reading !== null) await reading.catch(() => undefined)
      return names.has(name)
    },
    add: (name) => void names.add(name),
  }
}
