// Calls per minute, counted by all replicas together: each tells the others what it let through, a few times a second. What others let through
// in that moment may be too much (ADR 0017); without the others each counts alone.
import type { CallRates } from '../mcp/downstream/endpoint-deps.ts'
import type { Peers } from '../mcp/downstream/peers.ts'

export interface CountingRates extends CallRates {
  note(name: string, calls: number): void
}

const TELL_MS = 250

export function createSharedRates(own: CountingRates, peers: Peers): CountingRates {
  let counted: Record<string, number> = {}
  let timer: NodeJS.Timeout | null = null

  function tell(): void {
    timer = null
    peers.tell({ kind: 'usage', calls: counted })
    counted = {}
  }

  return {
    take(name, perMinute) {
      const wait = own.take(name, perMinute)
      if (wait > 0 || peers.isAlone) return wait
      counted[name] = (counted[name] ?? 0) + 1
      timer ??= setTimeout(tell, TELL_MS).unref()
      return 0
    },
    note: (name, calls) => own.note(name, calls),
  }
}
