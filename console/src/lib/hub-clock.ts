// Moments of the hub as this computer's clock has them, and back: a laptop's clock may be off by minutes, and "valid for 30 days" is the hub's word.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from './api/query.ts'

interface HubClock {
  /** what it said when it was asked, in ms */
  readonly told: number
  /** a moment the hub told, in ms by the clock here */
  here(at: string): number
  /** a moment by the clock here, as the hub understands it */
  there(at: string | number): string
}

export function useHubClock(): HubClock {
  const { data, dataUpdatedAt } = useQuery(queryOf('getHealth'))
  const aheadMs = data === undefined ? 0 : Date.parse(data.time) - dataUpdatedAt
  return {
    told: dataUpdatedAt + aheadMs,
    here: (at) => Date.parse(at) - aheadMs,
    there: (at) => new Date(new Date(at).getTime() + aheadMs).toISOString(),
  }
}
