// Random sequences as data: who does what, how the server behaves, what breaks. Made from a seed alone, so that each can be played again.
import { Random } from './random.ts'

/** web: older HTTP with sessions; now: 2026-07-28 HTTP; own: a child per user; pool: one child for all; each: a child per session */
export const SERVERS = ['web', 'now', 'own', 'pool', 'each'] as const
export type ServerName = (typeof SERVERS)[number]

/** What the server does with a call; upstream.ts plays them. */
export type Act =
  | 'echo'
  | 'later'
  | 'big'
  | 'slices'
  | 'fault'
  | 'toolError'
  | 'progress'
  | 'foreignProgress'
  | 'twice'
  | 'wrongId'
  | 'garbage'
  | 'malformed'
  | 'cut'
  | 'half'
  | 'held'
  | 'never'
  | 'ask'
  | 'log'
  | 'lost'
  | 'late'
  | 'changed'

const ACTS: readonly (readonly [Act, number])[] = [
  ['echo', 8],
  ['later', 12],
  ['big', 4],
  ['slices', 6],
  ['fault', 3],
  ['toolError', 2],
  ['progress', 10],
  ['foreignProgress', 3],
  ['twice', 3],
  ['wrongId', 3],
  ['garbage', 2],
  ['malformed', 2],
  ['cut', 2],
  ['half', 2],
  ['held', 14],
  ['never', 0.1],
  ['ask', 10],
  ['log', 4],
  ['lost', 2],
  ['late', 3],
  ['changed', 0.5],
]
/** In a batch there is no place for questions, and nobody to let go of what is held. */
const BATCH_ACTS: readonly (readonly [Act, number])[] = [
  ['echo', 3],
  ['later', 3],
  ['fault', 1],
  ['progress', 1],
  ['big', 1],
  ['log', 1],
]

/** Where the server does well, and whatever goes wrong is somebody else's doing. */
export const STEADY_ACTS: readonly Act[] = ['echo', 'later', 'later', 'big', 'slices', 'progress', 'twice', 'fault']

/** Two people: Alice with two sessions, Bob with one; both also without a session, in both eras; Alice with one that knows batches. */
export const CALLERS = ['a1', 'a2', 'b1', 'aModern', 'bModern', 'aPlain', 'bPlain', 'aBatch'] as const
export type CallerName = (typeof CALLERS)[number]
const SESSIONS: readonly CallerName[] = ['a1', 'a2', 'b1', 'aBatch']

export interface CallPlan {
  readonly caller: CallerName
  readonly server: ServerName
  readonly act: Act
  readonly id: number | string
  readonly token: number | string | null
  readonly accept: 'both' | 'json' | 'sse'
  /** on the server's own endpoint, with the bare name; callers without a session only */
  readonly bare: boolean
  readonly ms: number
}

export type Step =
  | { readonly kind: 'call'; readonly call: CallPlan }
  | { readonly kind: 'batch'; readonly calls: readonly CallPlan[] }
  /** `of`: one of the calls under way */
  | { readonly kind: 'cancel' | 'drop' | 'release' | 'answer' | 'falseAnswer'; readonly of: number }
  | { readonly kind: 'falseCancel'; readonly of: number; readonly by: CallerName }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'settle' | 'restart' | 'forget' }
  | { readonly kind: 'list' | 'hidden' | 'malformed' | 'stream' | 'end' | 'hijack'; readonly by: CallerName }
  | { readonly kind: 'hide' | 'show' | 'crash'; readonly who: 'a' | 'b'; readonly server: ServerName }
  | { readonly kind: 'rotate'; readonly who: 'a' | 'b' }
  | { readonly kind: 'revoke'; readonly who: 'a' | 'b'; readonly silently: boolean }

export type StepKind = Step['kind']

const KINDS: readonly (readonly [StepKind, number])[] = [
  ['call', 46],
  ['batch', 3],
  ['cancel', 5],
  ['falseCancel', 3],
  ['drop', 6],
  ['release', 6],
  ['answer', 4],
  ['falseAnswer', 6],
  ['pause', 8],
  ['settle', 4],
  ['list', 2],
  ['hidden', 2],
  ['malformed', 1],
  ['stream', 3],
  ['end', 1.5],
  ['hijack', 2],
  ['hide', 1.5],
  ['show', 1],
  ['crash', 2],
  ['rotate', 1.5],
  ['revoke', 1.5],
  ['restart', 0.5],
  ['forget', 1],
]
/** few, and of both types: they must collide all the time */
const IDS: readonly (number | string)[] = [0, 1, '0', 'a', 7, 'a"\\é']
const TOKENS: readonly (number | string)[] = [0, 1, '0', 'p', 't\u2028"']
const LEAST = 5
const MOST = 14

export function makePlan(seed: number): Step[] {
  const random = new Random(seed)
  return Array.from({ length: LEAST + random.below(MOST - LEAST + 1) }, () => makeStep(random, random.choose(KINDS)))
}

function makeStep(random: Random, kind: StepKind): Step {
  const who = random.chance(0.5) ? 'a' : 'b'
  switch (kind) {
    case 'call':
      return { kind, call: makeCall(random) }
    case 'batch':
      return { kind, calls: Array.from({ length: 2 + random.below(3) }, (_, id) => makeBatchCall(random, id)) }
    case 'pause':
      return { kind, ms: random.below(8) }
    case 'settle':
    case 'restart':
    case 'forget':
      return { kind }
    case 'falseCancel':
      return { kind, of: random.below(100), by: random.pick(SESSIONS) }
    case 'cancel':
    case 'drop':
    case 'release':
    case 'answer':
    case 'falseAnswer':
      return { kind, of: random.below(100) }
    case 'list':
    case 'hidden':
    case 'malformed':
      return { kind, by: random.pick(CALLERS) }
    case 'stream':
    case 'end':
    case 'hijack':
      return { kind, by: random.pick(SESSIONS) }
    case 'hide':
    case 'show':
    case 'crash':
      return { kind, who, server: random.pick(SERVERS) }
    case 'rotate':
      return { kind, who }
    case 'revoke':
      return { kind, who, silently: random.chance(0.5) }
  }
}

function makeCall(random: Random): CallPlan {
  const caller = random.choose<CallerName>([
    ['a1', 6],
    ['a2', 4],
    ['b1', 6],
    ['aModern', 4],
    ['bModern', 4],
    ['aPlain', 1],
    ['bPlain', 1],
    ['aBatch', 1],
  ])
  return {
    caller,
    server: random.pick(SERVERS),
    act: random.choose(ACTS),
    id: random.pick(IDS),
    token: random.chance(0.7) ? random.pick(TOKENS) : null,
    accept: random.choose([
      ['both', 8],
      ['json', 1],
      ['sse', 1],
    ]),
    bare: random.chance(0.3),
    ms: 1 + random.below(15),
  }
}

function makeBatchCall(random: Random, id: number): CallPlan {
  const act = random.choose(BATCH_ACTS)
  return { ...makeCall(random), caller: 'aBatch', id, act, accept: 'both' }
}

/** One line for people. */
export function showPlan(steps: readonly Step[]): string {
  return steps.map((step, at) => `  ${at}: ${showStep(step)}`).join('\n')
}

function showStep(step: Step): string {
  if (step.kind !== 'call') return JSON.stringify(step)
  const { caller, server, act, id, token, accept, bare, ms } = step.call
  return `${caller} calls ${server} (${act}, ${ms} ms) id ${JSON.stringify(id)} token ${JSON.stringify(token)} ${accept}${bare ? ' bare' : ''}`
}
