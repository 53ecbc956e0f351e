// Random uuids (version 4) as flat strings, made many at a time. `crypto.randomUUID` joins some twenty small strings into one that is flattened
// only when it is read: until then it keeps 1.3 KB alive, and audit records wait to be written with one each.
import { randomFillSync } from 'node:crypto'

const BATCH = 256
const TEXT_LENGTH = 36
const HEX = Buffer.from('0123456789abcdef')
/** where a byte's two digits stand in the text; the gaps are the dashes */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

const random = Buffer.alloc(BATCH * 16)
const text = Buffer.alloc(BATCH * TEXT_LENGTH, '-')
let left = 0

export function mintUuid(): string {
  if (left === 0) refill()
  left--
  return text.toString('latin1', left * TEXT_LENGTH, (left + 1) * TEXT_LENGTH)
}

function refill(): void {
  randomFillSync(random)
  for (let id = 0; id < BATCH; id++) {
    random[id * 16 + 6] = (random[id * 16 + 6]! & 0x0f) | 0x40
    random[id * 16 + 8] = (random[id * 16 + 8]! & 0x3f) | 0x80
    for (let at = 0; at < 16; at++) {
      const byte = random[id * 16 + at]!
      const place = id * TEXT_LENGTH + PLACES[at]!
      text[place] = HEX[byte >> 4]!
      text[place + 1] = HEX[byte & 0x0f]!
    }
  }
  left = BATCH
}
