// One call of a tool at a time: how it goes while it runs, what came of it, and an end when nobody looks any more.
import type { CallEvent, CallEvents } from '@mcphub/api'
import { useCallback, useEffect, useRef, useState } from 'react'
import { open } from '../../../lib/api/client.ts'
import { ApiFault } from '../../../lib/api/fault.ts'
import { readEvents } from '../../../lib/api/read-events.ts'
import type { Arguments } from '../schema-form/read-input.ts'

/** More lines than anybody reads; the first are forgotten. */
const LOG_LINES = 200

export interface ToolCall {
  readonly phase: 'running' | 'over'
  readonly requestId: string | null
  readonly progress: CallEvents['progress'] | null
  readonly log: readonly CallEvents['log'][]
  readonly result: CallEvents['result'] | null
  readonly fault: unknown
  /** once it is over; in milliseconds */
  readonly tookMs: number | null
}

const BEGUN: ToolCall = {
  phase: 'running',
  requestId: null,
  progress: null,
  log: [],
  result: null,
  fault: null,
  tookMs: null,
}

export interface ToolCaller {
  /** null: none was made yet */
  readonly call: ToolCall | null
  start(args: Arguments): void
  cancel(): void
}

export function useToolCall(server: string, tool: string): ToolCaller {
  const [call, setCall] = useState<ToolCall | null>(null)
  const running = useRef<AbortController | null>(null)
  const cancel = useCallback(() => running.current?.abort(), [])
  useEffect(() => cancel, [cancel])
  const start = useCallback(
    (args: Arguments): void => {
      running.current?.abort()
      const own = new AbortController()
      running.current = own
      // what comes of an earlier call is nobody's news any more
      const change = (next: (before: ToolCall) => ToolCall): void => {
        if (running.current === own) setCall((before) => next(before ?? BEGUN))
      }
      setCall(BEGUN)
      void run({ server, tool, args }, own.signal, change)
    },
    [server, tool],
  )
  return { call, start, cancel }
}

interface Asked {
  readonly server: string
  readonly tool: string
  readonly args: Arguments
}

type Change = (next: (before: ToolCall) => ToolCall) => void

async function run({ server, tool, args }: Asked, signal: AbortSignal, change: Change): Promise<void> {
  const startedAt = performance.now()
  const end = (what: Partial<ToolCall>): void =>
    change((before) => ({ ...before, ...what, phase: 'over', tookMs: performance.now() - startedAt }))
  try {
    const response = await open(
      'callTool',
      { params: { name: server, tool }, body: { arguments: { ...args } } },
      signal,
    )
    for await (const event of readEvents(response.body!)) {
      const over = endOf(event as CallEvent)
      if (over !== null) return end(over)
      change((before) => hear(before, event as CallEvent))
    }
    end({ fault: new ApiFault('unreachable', {}) })
  } catch (thrown) {
    end({ fault: signal.aborted ? new ApiFault('canceled', {}) : thrown })
  }
}

/** null: it goes on */
function endOf({ event, data }: CallEvent): Partial<ToolCall> | null {
  if (event === 'result') return { result: data }
  return event === 'fault' ? { fault: new ApiFault(data.problem.code, data.problem) } : null
}

function hear(before: ToolCall, { event, data }: CallEvent): ToolCall {
  switch (event) {
    case 'started':
      return { ...before, requestId: data.requestId }
    case 'progress':
      return { ...before, progress: data }
    case 'log':
      return { ...before, log: [...before.log.slice(1 - LOG_LINES), data] }
    default:
      return before
  }
}
