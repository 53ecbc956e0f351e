// How a key begins: enough to tell a wrong one to be this one, cut off or mistyped, and of no use to get in. Nobody hits 64 bits by chance, and the
// 192 bits after them stay unknown to whoever finds what is kept.
import { createHmac } from 'node:crypto'

/** As it may stand in a header or a URL, with or without what belongs around it. */
const BEGINNING = /mcphub_[0-9a-f]{16}/

/** Of the first text that begins as a hub key does; null: there is none. */
export function hashKeyPrefix(text: string): Buffer | null {
  const found = BEGINNING.exec(text)
  return found && createHmac('sha256', 'mcphub key prefix').update(found[0]).digest()
}
