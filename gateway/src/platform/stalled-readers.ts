// Cuts connections whose client has stopped reading while bytes wait for it (design.md §8: 30 s). An idle stream with nothing to send is
// no stalled reader and lives on.
import type { Socket } from 'node:net'

interface Mark {
  readonly progress: number
  readonly since: number
}

/** Looks at all sockets now and then instead of arming a timer per write: writes are the hot path. Returns the stop function. */
export function watchStalledReaders(sockets: ReadonlySet<Socket>, limitMs: number): () => void {
  const marks = new WeakMap<Socket, Mark>()
  const timer = setInterval(
    () => {
      const now = performance.now()
      for (const socket of sockets) check(socket, now)
    },
    Math.max(50, Math.min(5000, limitMs / 4)),
  )
  timer.unref()

  function check(socket: Socket, now: number): void {
    if (socket.writableLength === 0) return void marks.delete(socket)
    const progress = readProgress(socket)
    const mark = marks.get(socket)
    if (mark === undefined || mark.progress !== progress) return void marks.set(socket, { progress, since: now })
    if (now - mark.since >= limitMs) socket.destroy()
  }
  return () => clearInterval(timer)
}

/** Bytes that left for good: handed to the system, less what libuv still holds (node's own socket timeout looks at the same number). */
function readProgress(socket: Socket): number {
  const handle = (socket as Socket & { _handle?: { writeQueueSize?: number } | null })._handle
  return socket.bytesWritten - socket.writableLength - (handle?.writeQueueSize ?? 0)
}
