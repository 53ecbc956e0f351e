// Joins the hub's news to the store of answers: what they name is asked for again.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { routes } from 'virtual:routes'
import { renew, renewAll } from '../lib/api/renew.ts'
import { followEvents } from '../lib/events/stream.ts'
import { meQuery, useMe } from '../lib/session.ts'

/** Undefined where the hub's table has no stream. */
const STREAM = (routes as Readonly<Record<string, readonly [method: string, path: string] | undefined>>)['streamEvents']

export function useNews(): void {
  const client = useQueryClient()
  const { id: userId } = useMe()
  useEffect(() => {
    if (STREAM === undefined) return
    const ending = new AbortController()
    const askWho = (): void => void client.invalidateQueries({ queryKey: meQuery().queryKey })
    followEvents(
      { url: STREAM[1], userId },
      {
        onChanged: (topics) => void renew(client, topics),
        onReset: () => void renewAll(client),
        onRefused: askWho,
        // the session gate sees who it is now
        onOther: askWho,
      },
      ending.signal,
    )
    return () => ending.abort()
  }, [client, userId])
}
