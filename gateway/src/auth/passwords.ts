// Passwords as argon2id (RFC 9106, OWASP's smallest recommended cost): a few at a time, for each one takes 19 MiB and some 40 ms of a core.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { HubError } from '@mcphub/api'

export interface Passwords {
  /** The password as a PHC string. @throws HubError `too_many_requests` */
  hash(password: string): Promise<string>
  /** Null (nobody has that name, or no password) costs the same work and is false. @throws HubError `too_many_requests` */
  verify(password: string, phc: string | null): Promise<boolean>
  /** how often the work was done: what a test compares instead of clocks */
  readonly rounds: () => number
}

interface Cost {
  /** KiB */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const TAG_BYTES = 32
const AT_ONCE = 2
const MAX_WAITING = 20
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

const derive = promisify(argon2)

export function createPasswords(): Passwords {
  const gate = createGate()
  let rounds = 0
  const run = (password: string, salt: Buffer, cost: Cost, tagLength: number): Promise<Buffer> =>
    gate(() => {
      rounds += 1
      const message = Buffer.from(password.normalize('NFC'))
      return derive('argon2id', { message, nonce: salt, tagLength, ...cost })
    })
  const unknown = { cost: COST, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      return write(salt, await run(password, salt, COST, TAG_BYTES))
    },
    async verify(password, phc) {
      const known = phc === null ? null : parse(phc)
      const { cost, salt, tag } = known ?? unknown
      const derived = await run(password, salt, cost, tag.length)
      return timingSafeEqual(derived, tag) && known !== null
    },
    rounds: () => rounds,
  }
}

const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

const write = (salt: Buffer, tag: Buffer): string =>
  `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${text(salt)}$${text(tag)}`

/** Null for what this hub never wrote. */
function parse(phc: string): { cost: Cost; salt: Buffer; tag: Buffer } | null {
  const match = PHC.exec(phc)
  if (match === null) return null
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number]
  return {
    cost: { memory, passes, parallelism },
    salt: Buffer.from(match[4]!, 'base64'),
    tag: Buffer.from(match[5]!, 'base64'),
  }
}

/** So many at once, so many waiting, one more is told to come back. */
function createGate(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= AT_ONCE) {
      if (waiting.length >= MAX_WAITING) {
        throw new HubError('too_many_requests', 'Too many logins at once; try again', { retryAfterSeconds: 2 })
      }
      // whoever ends hands the place on
      await new Promise<void>((resolve) => void waiting.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
