// Where a page of a list ends, as a text that only this list understands: people hand it back unchanged to go on.
import { HubError } from '@mcphub/api'

/** `place`: what the list is ordered by, of the last one on the page. */
export const writeCursor = (place: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url')

/**
 * `parse`: null where it is no place of this list.
 * @throws HubError `invalid_params`
 */
export function readCursor<Place>(cursor: string, parse: (place: readonly unknown[]) => Place | null): Place {
  const written = parseArray(Buffer.from(cursor, 'base64url').toString())
  const place = written === null ? null : parse(written)
  if (place !== null) return place
  throw new HubError('invalid_params', 'The cursor is not one of this list', {
    faults: [{ field: 'cursor', message: 'Give `nextCursor` of the page before, unchanged' }],
  })
}

function parseArray(text: string): readonly unknown[] | null {
  try {
    const written: unknown = JSON.parse(text)
    return Array.isArray(written) ? written : null
  } catch {
    return null
  }
}

/** Milliseconds that a Date can hold. */
export const isMoment = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= 8.64e15
