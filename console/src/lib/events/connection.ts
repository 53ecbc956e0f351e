// Whether the hub's news arrive. Kept outside of React, because one stream serves all tabs of a browser.
import { useSyncExternalStore } from 'react'

export type Connection = { readonly kind: 'idle' | 'live' } | { readonly kind: 'lost'; readonly since: number }

let connection: Connection = { kind: 'idle' }
let backSince = 0
const listeners = new Set<() => void>()

export function setConnection(next: Connection): void {
  // the first moment it was lost is what people want to know
  if (next.kind === connection.kind) return
  if (next.kind === 'live' && connection.kind === 'lost') backSince = Date.now()
  connection = next
  for (const listener of listeners) listener()
}

export const readConnection = (): Connection => connection

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, readConnection)
}

/** When the news came again after they had been lost; 0: never. */
export function useBackSince(): number {
  return useSyncExternalStore(subscribe, () => backSince)
}
