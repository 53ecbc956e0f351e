// What is to be said of a connection, by what the hub saw: the last thing counts, since whoever mends a fault wants to see that it is mended.
import type { RouteResponse } from '@mcphub/api'

export type Sighting = RouteResponse<'listSightings'>['items'][number]
export type Fault = Sighting & { readonly kind: Exclude<Sighting['kind'], 'call'> }

export type Light =
  | { readonly state: 'waiting' }
  | { readonly state: 'connected'; readonly seen: Sighting }
  | { readonly state: 'trouble'; readonly seen: Fault }

/** `items`: newest first. */
export function readLight([last]: readonly Sighting[]): Light {
  if (last === undefined) return { state: 'waiting' }
  return isFault(last) ? { state: 'trouble', seen: last } : { state: 'connected', seen: last }
}

const isFault = (sighting: Sighting): sighting is Fault => sighting.kind !== 'call'
