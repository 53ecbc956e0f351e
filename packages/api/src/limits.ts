// The published limits. Each is a default of the gateway's configuration and has a test.
const KiB = 1024
const MiB = 1024 * KiB
const second = 1000
const minute = 60 * second

/** Sizes in bytes, durations in milliseconds, unless the name says otherwise. */
export const LIMITS = {
  bodyBytes: 4 * MiB,
  /** chunks and packets a body may come in; each costs as much as a kilobyte, and a body of single bytes would cost seconds */
  bodyPieces: 32_768,
  headerBytes: 16 * KiB,
  urlBytes: 8 * KiB,
  jsonDepth: 64,
  /** of all objects of a body together: each costs a microsecond or two, so that a body full of them would hold everybody up */
  jsonMembers: 131_072,
  idLength: 256,
  upstreamIdleMs: 30 * second,
  upstreamConnectMs: 5 * second,
  upstreamCallMs: 10 * minute,
  upstreamMessageBytes: 8 * MiB,
  upstreamBufferBytes: 1 * MiB,
  sessionIdleMs: 60 * minute,
  sessionAbsoluteMs: 24 * 60 * minute,
  sessionsPerUser: 64,
  /** opened by one user; each leaves a row and, when it is ended, a tombstone until its absolute end */
  sessionsPerMinute: 600,
  /** open subscriptions/listen requests of one user */
  listenersPerUser: 64,
  /** resources that a user's sessions and listeners are subscribed to, counted each time */
  subscriptionsPerUser: 512,
  /** a call whose server asked its client something waits this long for the answers, then it is canceled */
  parkedCallMs: 5 * minute,
  /** waiting so at once, of one user: half of the calls in flight; the oldest ends for one more */
  parkedCallsPerUser: 16,
  /** how often one call may ask a client for input */
  inputRounds: 8,
  callsPerUser: 32,
  callsPerServer: 256,
  /** waiting calls beyond the slots above, per user; one more is refused with 429 */
  queuedCallsPerUser: 128,
  slowHeadersMs: 10 * second,
  slowBodyMs: 15 * second,
  stalledReaderMs: 30 * second,
  sandboxStartMs: 45 * second,
  sandboxIdleMs: 5 * minute,
  sandboxesPerUser: 10,
  isolatedChildrenPerUser: 10,
  sandboxStderrBytes: 64 * KiB,
  consoleIdleMs: 12 * 60 * minute,
  consoleAbsoluteMs: 7 * 24 * 60 * minute,
  /** what a provider said of a person counts so long after the login */
  claimsDays: 30,
  /** who came by a provider must log in again after so long */
  loginDays: 30,
  identityCacheMs: 90 * second,
  epochPollMs: 500,
  auditDays: 90,
  auditQueue: 10_000,
  variableBytes: 8 * KiB,
  clientInfoBytes: 1 * KiB,
  exposedNameLength: 50,
  keepAliveMs: 15 * second,
  drainMs: 10 * second,
} as const

/** Tool counts at which editors start to drop or misuse tools; the hub warns from each one on. */
export const TOOL_COUNT_WARNINGS = [40, 80, 128] as const

/** The highest of them that a count reaches; null below all. */
export const warningAt = (tools: number): (typeof TOOL_COUNT_WARNINGS)[number] | null =>
  TOOL_COUNT_WARNINGS.findLast((bound) => tools >= bound) ?? null
