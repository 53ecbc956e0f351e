// Joins the hub's news to the store of answers: what they name is asked for again.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { routes } from 'virtual:routes'
import { renew } from '../lib/api/query.ts'
import { followEvents } from '../lib/events/stream.ts'
import { meQuery } from '../lib/session.ts'

/** Undefined where the hub's table has no stream. */
const STREAM = (routes as Readonly<Record<string, readonly [method: string, path: string] | undefined>>)['streamEvents']

export function useNews(): void {
  const client = useQueryClient()
  useEffect(() => {
    if (STREAM === undefined) return
    const ending = new AbortController()
    followEvents(
      STREAM[1],
      {
        onChanged: (topics) => void renew(client, topics),
        onReset: () => void client.invalidateQueries(),
        onRefused: () => void client.invalidateQueries({ queryKey: meQuery().queryKey }),
      },
      ending.signal,
    )
    return () => ending.abort()
  }, [client])
}
