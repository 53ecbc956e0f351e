// What a person who comes in for the first time is called in the hub: pure. A name from elsewhere is a wish: whoever has a name here, had one
// and was erased, or is expected under it by a group, keeps it to themself (ID-5).
import { username } from '@mcphub/api'
import { isId } from '../ids.ts'

const FALLBACK = 'user'
const LENGTH = 48
const MOST_TRIES = 1_000
/** what the hub's own test makes and erases; however often it follows on itself */
const CANARY = /(?:-canary)+-/g

/** In the one form handles have; never an id, never empty. */
export function toHandle(wish: string | null): string {
  const local = wish?.split('@')[0] ?? ''
  const text = local
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}._+-]+/gu, '-')
    .replaceAll(CANARY, '-')
    .slice(0, LENGTH)
    .replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, '')
  const parsed = username.safeParse(text)
  return parsed.success && !isId(parsed.data) ? parsed.data : FALLBACK
}

/** The first of `name`, `name-2`, `name-3` … that is free. */
export async function chooseHandle(handle: string, isFree: (name: string) => Promise<boolean>): Promise<string> {
  for (let number = 1; number <= MOST_TRIES; number++) {
    const name = number === 1 ? handle : `${handle}-${number}`
    if (await isFree(name)) return name
  }
  return `${handle}-${crypto.randomUUID().slice(0, 8)}`
}
