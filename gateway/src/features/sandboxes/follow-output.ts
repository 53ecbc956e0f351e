// The stderr of a sandbox, told as it is written until nobody listens any more: looked at twice a second, whoever runs it.
import { setTimeout as delay } from 'node:timers/promises'
import { HubError, type SandboxLogEvents } from '@mcphub/api'
import type { EventWriter } from '../../platform/event-writer.ts'
import type { SandboxOutput } from '../../sandboxes/sandboxes.ts'

const LOOK_MS = 500
/** of one person; each window needs one */
const STREAMS = 8

export interface OutputFollower {
  /**
   * `first`: what is told at once. `read`: what came after a mark; null: it is forgotten.
   * @throws HubError `limit_exceeded`
   */
  follow(
    userId: string,
    first: SandboxOutput,
    read: (after: string) => Promise<SandboxOutput | null>,
  ): (stream: EventWriter) => Promise<void>
}

export function createOutputFollower({ lookMs = LOOK_MS } = {}): OutputFollower {
  const streams = new Map<string, number>()
  const count = (userId: string, by: 1 | -1): void => {
    const left = (streams.get(userId) ?? 0) + by
    if (left > 0) streams.set(userId, left)
    else streams.delete(userId)
  }
  return {
    follow(userId, first, read) {
      if ((streams.get(userId) ?? 0) >= STREAMS)
        throw new HubError('limit_exceeded', `At most ${STREAMS} streams of logs of one person at a time`, {
          retryAfterSeconds: 30,
        })
      return async (stream) => {
        count(userId, 1)
        try {
          tell(stream, first, true)
          let isUnheard = first.isUnheard
          for (let { mark } = first; await wait(lookMs, stream.signal);) {
            const next = await read(mark)
            if (next === null) return
            mark = next.mark
            tell(stream, next, next.isUnheard !== isUnheard)
            isUnheard = next.isUnheard
          }
        } finally {
          count(userId, -1)
        }
      }
    },
  }
}

/** False: nobody listens any more. */
const wait = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal, ref: false }).catch(() => false)

/** `isNews`: to be told also where nothing was written. */
function tell({ send }: EventWriter, { text, mark, hasGap, isUnheard }: SandboxOutput, isNews: boolean): void {
  const say = <Name extends keyof SandboxLogEvents>(event: Name, data: SandboxLogEvents[Name], id?: string): void =>
    send({ event, data, ...(id === undefined ? {} : { id }) })
  if (isUnheard) {
    if (isNews) say('unheard', null)
    return
  }
  if (hasGap) say('gap', null)
  if (text !== '' || isNews) say('log', { text }, mark)
}
