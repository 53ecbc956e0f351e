// A moment as people say it ("5 minutes ago"), with date and time where one points at it. It grows older while one looks.
import { useSyncExternalStore } from 'react'
import type { Format } from '../lib/format.ts'
import { useFormat } from '../lib/use-format.ts'

const STEP_MS = 15_000
/** nearer than this is "now": a clock of the hub that is a little ahead must not show the future */
const NOW_MS = 20_000

const listeners = new Set<() => void>()
let timer = 0

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (listeners.size === 1) timer = window.setInterval(() => listeners.forEach((one) => one()), STEP_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) window.clearInterval(timer)
  }
}

const readStep = (): number => Math.floor(Date.now() / STEP_MS)

function tellRelative(at: string | number, format: Format): string {
  const now = Date.now()
  const moment = new Date(at).getTime()
  return format.relative(Math.abs(moment - now) < NOW_MS ? now : moment, now)
}

interface TimeProps {
  readonly at: string | number
}

export function Time({ at }: TimeProps) {
  const format = useFormat()
  useSyncExternalStore(subscribe, readStep)
  return (
    <time dateTime={new Date(at).toISOString()} title={format.time(at)} className="whitespace-nowrap tabular-nums">
      {tellRelative(at, format)}
    </time>
  )
}
