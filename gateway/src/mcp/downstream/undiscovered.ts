// What a call may mean although no list has it yet: the one server, of those the user may use, that is named in it and was never discovered. Pure.
import type { CatalogServer } from '../../catalog/catalog.ts'
import { isObject } from '../codec/message.ts'
import type { Listing, ListingEntry } from '../discovery/listing.ts'
import type { JsonObject } from '../upstream/upstreams.ts'

const SHORTENED = /_0[a-z2-7]{13}$/
/** of a prefix in a shortened name (packages/api names.ts) */
const PREFIX_SHARE = 16

/** null: nothing that is still to be learned could make the call a known one. */
export function findUndiscovered(listing: Listing, params: JsonObject | undefined): CatalogServer | null {
  if (listing.isComplete) return null
  const named = [...listing.servers.values()].filter(
    (entry) => entry.discovery === null && (listing.uris === null || isNamed(entry, params)),
  )
  // a shortened name may fit several: one that can be asked comes before one that lacks a variable
  const found = named.find(({ note }) => note.state !== 'MissingVariable') ?? named[0]
  return found?.grant.server ?? null
}

function isNamed({ grant }: ListingEntry, params: JsonObject | undefined): boolean {
  const { name, prefix } = grant.server
  const ref = params?.['ref']
  const texts = [params?.['name'], params?.['uri'], ...(isObject(ref) ? [ref['name'], ref['uri']] : [])]
  return texts.some((text) => {
    if (typeof text !== 'string') return false
    if (text.startsWith(`${prefix}__`) || text.startsWith(`mcphub://${name}/`)) return true
    return SHORTENED.test(text) && text.startsWith(prefix.slice(0, PREFIX_SHARE))
  })
}
