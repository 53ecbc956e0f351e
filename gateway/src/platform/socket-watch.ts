// Cuts connections whose client has stopped reading while bytes wait for it (30 s), and closes those that nobody has used for long. An
// open stream with nothing to send is neither and lives on.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface WatchLimits {
  readonly stalledReaderMs: number
  /** without a request under way */
  readonly idleMs: number
}

interface Mark {
  readonly progress: number
  readonly since: number
}

/**
 * Looks at all sockets now and then instead of arming timers per request: node's own keep-alive timeout makes one and drops one with each answer.
 * Returns the stop function.
 */
export function watchSockets(sockets: ReadonlySet<Socket>, limits: WatchLimits): () => void {
  const stalled = createMarks(limits.stalledReaderMs)
  const idle = createMarks(limits.idleMs)
  const timer = setInterval(
    () => {
      const now = performance.now()
      for (const socket of sockets) {
        const isStalled = socket.writableLength > 0
        if (!stalled(socket, isStalled ? readProgress(socket) : null, now)) continue
        idle(socket, isStalled || isAnswering(socket) ? null : socket.bytesRead, now)
      }
    },
    Math.max(50, Math.min(5000, Math.min(limits.stalledReaderMs, limits.idleMs) / 4)),
  )
  timer.unref()
  return () => clearInterval(timer)
}

/** Destroys a socket whose `progress` has been the same number for so long; false: it did. null: nothing is waited for. */
function createMarks(limitMs: number): (socket: Socket, progress: number | null, now: number) => boolean {
  const marks = new WeakMap<Socket, Mark>()
  return (socket, progress, now) => {
    const mark = marks.get(socket)
    if (progress === null) {
      if (mark !== undefined) marks.delete(socket)
    } else if (mark === undefined || mark.progress !== progress) marks.set(socket, { progress, since: now })
    else if (now - mark.since >= limitMs) {
      socket.destroy()
      return false
    }
    return true
  }
}

function isAnswering(socket: Socket): boolean {
  return ((socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? null) !== null
}

/** Bytes that left for good: handed to the system, less what libuv still holds (node's own socket timeout looks at the same number). */
function readProgress(socket: Socket): number {
  const handle = (socket as Socket & { _handle?: { writeQueueSize?: number } | null })._handle
  return socket.bytesWritten - socket.writableLength - (handle?.writeQueueSize ?? 0)
}
