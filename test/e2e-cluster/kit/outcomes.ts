// What came of every call, and everything that was said in answer to whom: no byte of one person's may be among another's.
export interface Secrets {
  /** what the person is called here */
  readonly who: string
  /** canaries: what this person's pods, and this person's editor alone, know */
  readonly canaries: readonly string[]
}

/** Each with a reason that a person can do something with; in what the hub or the connection says. */
const REASONS: readonly (readonly [string, RegExp])[] = [
  ['the child ended', /ended during the call/],
  ['the pod was lost', /was lost during the call|was lost before it answered/],
  ['the pod was stopped', /was stopped during the call/],
  ['the server is unavailable', /cannot be started now|the start was stopped|shutting down/i],
  ['the start failed, with the cluster’s reason', /cannot start: \w+: /],
  ['the start takes longer', /still starting/],
  ['the database is away', /database is not available/],
  ['the child may not start again yet', /it may be tried again in/],
]
/** The connection to a gateway that was killed. */
const CONNECTION =
  /fetch failed|other side closed|terminated|ECONNRESET|ECONNREFUSED|socket hang up|Connection closed|Request timed out/

export class Outcomes {
  answered = 0
  /** reason → how often */
  readonly failed = new Map<string, number>()
  /** failures that say nothing a person could use */
  readonly unnamed: string[] = []
  readonly #said: { readonly who: string; readonly text: string }[] = []
  readonly #gatewayKills: number[] = []

  gatewayKilled(): void {
    this.#gatewayKills.push(performance.now())
  }

  /** A word that reached this person, an answer or not. */
  note(who: string, text: string): void {
    this.#said.push({ who, text })
  }

  /** @param began when the call was made, in ms of the monotonic clock */
  noteFailure(who: string, error: unknown, began: number): void {
    const text = describe(error)
    this.note(who, text)
    const reason = REASONS.find(([, words]) => words.test(text))?.[0] ?? this.#nameConnection(text, began)
    if (reason === null) this.unnamed.push(`${who}, after ${Math.round(performance.now() - began)} ms: ${text}`)
    else this.failed.set(reason, (this.failed.get(reason) ?? 0) + 1)
  }

  /** Words of one person that hold another's canary. */
  findForeignBytes(people: readonly Secrets[]): string[] {
    return this.#said.flatMap(({ who, text }) =>
      people
        .filter((other) => other.who !== who && other.canaries.some((canary) => text.includes(canary)))
        .map((other) => `${who} was told of ${other.who}: ${text.slice(0, 200)}`),
    )
  }

  /** A kept connection may have led to it long before the call. */
  #nameConnection(text: string, began: number): string | null {
    const LATE_MS = 30_000
    const wasKilled = this.#gatewayKills.some((at) => at > began - LATE_MS)
    return wasKilled && CONNECTION.test(text) ? 'the gateway was killed' : null
  }
}

/** With its causes: `fetch failed` alone says nothing. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? String(error) : `${String(error)} (${describe(error.cause)})`
}
