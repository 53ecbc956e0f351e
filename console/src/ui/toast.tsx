// A short word that something has been done. It fades by itself, so it never holds what one must not miss: faults stand where they arose.
import { useSyncExternalStore } from 'react'
import { Icon } from './icon.tsx'

const SHOWN_MS = 6_000

interface Message {
  readonly id: number
  readonly text: string
}

let messages: readonly Message[] = []
let count = 0
const listeners = new Set<() => void>()

function change(next: readonly Message[]): void {
  messages = next
  for (const listener of listeners) listener()
}

/** toast(t('saved')) */
export function toast(text: string): void {
  const message = { id: count++, text }
  change([...messages.slice(-2), message])
  window.setTimeout(() => change(messages.filter((one) => one !== message)), SHOWN_MS)
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Once, in the layout. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => messages)
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-4 bottom-20 z-10 flex flex-col items-center gap-2 md:bottom-6"
    >
      {shown.map(({ id, text }) => (
        <p
          key={id}
          className="flex items-center gap-2 rounded-md border border-line bg-raised px-4 py-2 font-medium shadow-raised"
        >
          <Icon name="check" />
          {text}
        </p>
      ))}
    </div>
  )
}
