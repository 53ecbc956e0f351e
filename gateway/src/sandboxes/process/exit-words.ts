// What an exit means for the next start, the counters and the person who reads why. Pure.
import type { ExitReason } from '../sandboxes.ts'

export interface ExitWords {
  /** of a closed set, for counters and logs */
  readonly label: string
  readonly message: string
  /** counts towards the back-off */
  readonly failure: boolean
}

export function describeExit(reason: ExitReason): ExitWords {
  switch (reason.kind) {
    case 'exited': {
      const how = reason.signal === null ? `exited with code ${reason.code}` : `was ended by ${reason.signal}`
      return { label: 'exited', message: `its process ${how}`, failure: true }
    }
    case 'limit':
      return { label: reason.limit, message: reason.message, failure: reason.limit !== 'lifetime' }
    case 'spawn':
      return { label: 'spawn', message: reason.message, failure: true }
    case 'lost':
      return { label: reason.reason, message: reason.message, failure: reason.reason === 'OOMKilled' }
    case 'ended':
      return { label: reason.by, message: 'it did not speak MCP', failure: reason.by === 'protocol' }
  }
}
