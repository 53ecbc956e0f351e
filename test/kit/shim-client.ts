// The gateway's side of sandbox/PROTOCOL.md for tests: attaches to a shim as one replica does and carries lines of its children.
import { sign, type KeyObject } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'

const PREAMBLE = Buffer.from([0x4d, 0x43, 0x50, 0x53, 1])
const HEADER_BYTES = 9
/** credit of a child at its start, in each direction */
const WINDOW_BYTES = 1024 * 1024

const TYPES = {
  HELLO: 1,
  WELCOME: 2,
  START: 3,
  STARTED: 4,
  FAILED: 5,
  STDIN: 6,
  STDOUT: 7,
  CREDIT: 8,
  STDERR: 9,
  EXIT: 10,
  KILL: 11,
  CLAIM: 13,
  CLAIMED: 14,
  ERROR: 19,
} as const
type TypeName = keyof typeof TYPES
const NAMES = new Map<number, TypeName>(Object.entries(TYPES).map(([name, type]) => [type, name as TypeName]))

export interface ShimAddress {
  readonly port: number
  /** SHA-256 of the certificate's DER, lower-case hex */
  readonly fingerprint: string
}

interface AttachOptions extends ShimAddress {
  readonly podUid: string
  readonly replica: string
  /** begins all ids that this replica sends: `a1-` */
  readonly prefix: string
  readonly key: KeyObject
}

interface StartOptions {
  readonly key: string
  readonly fingerprint: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly workdir: string
}

interface ShimFrame {
  readonly type: TypeName
  readonly child: number
  readonly payload: Buffer
}

interface ShimExit {
  readonly kind: 'exited' | 'limit' | 'ended'
  readonly code?: number
  readonly signal?: string
  readonly limit?: string
  readonly by?: string
}

export class ShimClient {
  readonly #socket: TLSSocket
  #rest: Buffer = Buffer.alloc(0)
  #frames: ShimFrame[] = []
  #waiting: { readonly accepts: (frame: ShimFrame) => boolean; readonly resolve: (frame: ShimFrame) => void }[] = []
  readonly #children = new Map<number, ShimChild>()
  readonly #ended = Promise.withResolvers<never>()
  #lastRef = 0

  /** @throws the shim's code (`unauthorized`, …) when it refuses, `other certificate` before a byte is sent to another pod */
  static async attach(options: AttachOptions): Promise<ShimClient> {
    // nobody signed this certificate; its fingerprint is what is known of it
    const socket = connect({
      host: '127.0.0.1',
      port: options.port,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
    })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    const shown = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()
    if (shown !== options.fingerprint) {
      socket.destroy()
      throw new Error('other certificate')
    }
    const client = new ShimClient(socket)
    client.#greet(options)
    await client.wait((frame) => frame.type === 'WELCOME')
    return client
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    this.#ended.promise.catch(() => undefined)
    let preambleLeft = PREAMBLE.length
    socket.on('data', (chunk: Buffer) => {
      const skipped = Math.min(preambleLeft, chunk.length)
      preambleLeft -= skipped
      this.#receive(chunk.subarray(skipped))
    })
    socket.on('error', () => undefined)
    socket.once('close', () => this.#ended.reject(new Error('the connection was closed')))
  }

  /** Starts a child, or opens the one of this key and fingerprint that runs. @throws the shim's words */
  async start(options: StartOptions): Promise<ShimChild> {
    this.#lastRef += 1
    const ref = this.#lastRef
    this.#sendJson('START', 0, { ref, ...options })
    const answer = await this.wait(
      ({ type, payload }) => (type === 'STARTED' || type === 'FAILED') && readJson(payload)['ref'] === ref,
    )
    const told = readJson(answer.payload)
    if (answer.type === 'FAILED') throw new Error(`${String(told['code'])}: ${String(told['message'])}`)
    return this.#children.get(answer.child)!
  }

  send(type: TypeName, child: number, payload: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt32BE(HEADER_BYTES - 4 + payload.length, 0)
    header.writeUInt8(TYPES[type], 4)
    header.writeUInt32BE(child, 5)
    this.#socket.cork()
    this.#socket.write(header)
    this.#socket.write(payload)
    this.#socket.uncork()
  }

  /** The next frame that is wanted, also one that came before. Rejects when the connection ends first. */
  wait(accepts: (frame: ShimFrame) => boolean): Promise<ShimFrame> {
    const at = this.#frames.findIndex(accepts)
    if (at >= 0) return Promise.resolve(this.#frames.splice(at, 1)[0]!)
    const { promise, resolve } = Promise.withResolvers<ShimFrame>()
    this.#waiting.push({ accepts, resolve })
    return Promise.race([promise, this.#ended.promise])
  }

  /** Without a word, as a lost replica goes. */
  destroy(): void {
    this.#socket.destroy()
  }

  #greet({ podUid, fingerprint, replica, prefix, key }: AttachOptions): void {
    const exported = this.#socket.exportKeyingMaterial(32, 'EXPORTER-mcphub-shim', Buffer.alloc(0)).toString('hex')
    const text = ['mcphub-shim/1 attach', podUid, fingerprint, replica, prefix, exported].join('\n')
    const signature = sign(null, Buffer.from(text), key).toString('base64')
    this.#socket.write(PREAMBLE)
    this.#sendJson('HELLO', 0, { podUid, replica, prefix, signature })
  }

  #sendJson(type: TypeName, child: number, value: object): void {
    this.send(type, child, Buffer.from(JSON.stringify(value)))
  }

  #receive(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= HEADER_BYTES) {
      const end = 4 + this.#rest.readUInt32BE(0)
      if (this.#rest.length < end) return
      const type = NAMES.get(this.#rest.readUInt8(4))
      const payload = Buffer.from(this.#rest.subarray(HEADER_BYTES, end))
      const child = this.#rest.readUInt32BE(5)
      this.#rest = this.#rest.subarray(end)
      if (type !== undefined) this.#dispatch({ type, child, payload })
    }
  }

  #dispatch(frame: ShimFrame): void {
    const { type, child, payload } = frame
    if (type === 'STARTED') this.#children.set(child, new ShimChild(this, child, readJson(payload)))
    if (type === 'ERROR' && child === 0) this.#ended.reject(new Error(String(readJson(payload)['code'])))
    if (this.#children.get(child)?.receive(frame)) return
    const at = this.#waiting.findIndex(({ accepts }) => accepts(frame))
    if (at >= 0) this.#waiting.splice(at, 1)[0]!.resolve(frame)
    else this.#frames.push(frame)
  }
}

/** One open child. */
class ShimChild {
  readonly id: number
  readonly isNew: boolean
  readonly incarnation: string
  readonly exited: Promise<ShimExit>
  readonly #client: ShimClient
  readonly #exit = Promise.withResolvers<ShimExit>()
  #credit = WINDOW_BYTES
  #owed = 0
  #lines: string[] = []
  #readers: ((line: string) => void)[] = []

  constructor(client: ShimClient, id: number, told: Readonly<Record<string, unknown>>) {
    this.#client = client
    this.id = id
    this.isNew = told['isNew'] === true
    this.incarnation = String(told['incarnation'])
    this.exited = this.#exit.promise
  }

  /** False: no credit is left; wait before writing more. */
  write(line: string): boolean {
    const payload = Buffer.from(line)
    this.#credit -= payload.length + HEADER_BYTES
    this.#client.send('STDIN', this.id, payload)
    return this.#credit > 0
  }

  /** The next line of the child. */
  read(): Promise<string> {
    const line = this.#lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  /** The first line from here on whose JSON-RPC id is this one. */
  async answer(id: string): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const message = JSON.parse(await this.read()) as Record<string, unknown>
      if (message['id'] === id && message['method'] === undefined) return message
    }
  }

  async claim(id: string): Promise<unknown> {
    this.#client.send('CLAIM', this.id, Buffer.from(id))
    const frame = await this.#client.wait(({ type, child }) => type === 'CLAIMED' && child === this.id)
    return readJson(frame.payload)['state']
  }

  async stderr(): Promise<string> {
    this.#client.send('STDERR', this.id, Buffer.alloc(0))
    const frame = await this.#client.wait(({ type, child }) => type === 'STDERR' && child === this.id)
    return frame.payload.toString()
  }

  kill(reason: string): void {
    this.#client.send('KILL', this.id, Buffer.from(JSON.stringify({ reason })))
  }

  /** True: the frame was for this child alone. */
  receive({ type, payload }: ShimFrame): boolean {
    if (type === 'STDOUT') this.#take(payload)
    else if (type === 'CREDIT') this.#credit += payload.readUInt32BE(0)
    else if (type === 'EXIT') this.#exit.resolve(JSON.parse(payload.toString()) as ShimExit)
    else return false
    return true
  }

  #take(payload: Buffer): void {
    this.#owed += payload.length + HEADER_BYTES
    if (this.#owed >= WINDOW_BYTES / 4) {
      const credit = Buffer.alloc(4)
      credit.writeUInt32BE(this.#owed)
      this.#client.send('CREDIT', this.id, credit)
      this.#owed = 0
    }
    const reader = this.#readers.shift()
    if (reader) reader(payload.toString())
    else this.#lines.push(payload.toString())
  }
}

function readJson(payload: Buffer): Readonly<Record<string, unknown>> {
  return JSON.parse(payload.toString()) as Record<string, unknown>
}
