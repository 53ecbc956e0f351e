// What `make bench` measures: each suite is one kind of load on every target.
export interface Suite {
  readonly name: string
  readonly about: string
  readonly connections: number
  /** of one round; the SDK proxy gets a quarter, its figures are far enough away */
  readonly calls: number
  /** calls a second; null = as fast as answers come */
  readonly rate: number | null
  /** of the client */
  readonly era: 'legacy' | 'modern'
  /** of the server behind: a server of 2026-07-28 also speaks the older revisions */
  readonly server: 'legacy' | 'modern'
  readonly sse: boolean
  readonly users: number
  readonly answerBytes: number
}

const CALLS = {
  connections: 32,
  calls: 10_000,
  rate: null,
  era: 'legacy',
  server: 'legacy',
  sse: false,
  users: 8,
  answerBytes: 0,
} as const

export const SUITES: readonly Suite[] = [
  { ...CALLS, name: 'calls', about: 'echo, 32 at once, 2025-11-25 on both sides, JSON answers' },
  {
    ...CALLS,
    name: 'calls-paced',
    about: 'the same at 2500 calls a second for all: nobody is at the limit, everybody is woken for each call',
    calls: 7500,
    rate: 2500,
  },
  {
    ...CALLS,
    name: 'calls-modern',
    about: 'echo, 32 at once, 2026-07-28 on both sides, JSON answers',
    era: 'modern',
    server: 'modern',
  },
  { ...CALLS, name: 'calls-sse', about: 'echo, 32 at once, 2025-11-25 on both sides, SSE answers', sse: true },
  {
    ...CALLS,
    name: 'calls-modern-sse',
    about: 'echo, 32 at once, 2026-07-28 on both sides, SSE answers',
    era: 'modern',
    server: 'modern',
    sse: true,
  },
  {
    ...CALLS,
    name: 'calls-across',
    about: 'echo, 32 at once, a 2025-11-25 client of a 2026-07-28 server: the gateway translates, the others need not',
    server: 'modern',
  },
  {
    ...CALLS,
    name: 'large',
    about: 'answers of 64 KiB, 32 at once, 2025-11-25, JSON',
    calls: 3000,
    answerBytes: 64 * 1024,
  },
  { ...CALLS, name: 'latency', about: 'echo, one at a time, 2025-11-25', connections: 1, calls: 2000, users: 1 },
  {
    ...CALLS,
    name: 'isolation',
    about: '200 users on 200 connections, all ids colliding',
    connections: 200,
    users: 200,
  },
]
