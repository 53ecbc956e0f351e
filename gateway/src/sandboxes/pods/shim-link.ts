// One connection of this replica to the shim of one pod (sandbox/PROTOCOL.md): the pinned certificate, the signed HELLO, frames to and from its
// children, pings. It ends once, and with it all its children.
import { connect, type TLSSocket } from 'node:tls'
import { HubError } from '@mcphub/api'
import { encodeFrame, FrameReader, FRAMES, PREAMBLE } from './frames.ts'
import { LinkPulse, LOOK_MS } from './link-pulse.ts'
import { PodChild } from './pod-child.ts'

const ATTACH_MS = 5_000
/** of a TLS record */
const READ_BYTES = 16 * 1024
const PING_BYTES = 64
/** who does not read what is sent gets no echoes */
const ECHO_BELOW_BYTES = 64 * 1024
const EXPORT_BYTES = 32
const EXPORT_LABEL = 'EXPORTER-mcphub-shim'

export interface ShimAddress {
  readonly host: string
  readonly port: number
  /** SHA-256 of the certificate's DER, lower-case hex */
  readonly fingerprint: string
}

export interface AttachOptions extends ShimAddress {
  readonly podUid: string
  readonly replica: string
  /** begins all ids that this replica sends */
  readonly prefix: string
  readonly sign: (text: Buffer) => Buffer
  /** ms since the epoch */
  readonly now: () => number
  /** for tests: a shorter time between two looks at whether it still lives */
  readonly lookMs?: number | undefined
}

export interface StartOptions {
  readonly sandboxId: string
  readonly key: string
  readonly fingerprint: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workdir: string
  readonly limits: { readonly lineBytes: number; readonly stderrBytes: number }
}

/** The shim said no, or was not who it should be. `code` is the protocol's, or ours: `other_certificate`, `lost`, `silent`. */
export class ShimFault extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'ShimFault'
    this.code = code
  }
}

interface PendingStart {
  readonly options: StartOptions
  readonly resolve: (child: PodChild) => void
  readonly reject: (fault: ShimFault) => void
}

export class ShimLink {
  readonly podUid: string
  readonly #socket: TLSSocket
  readonly #now: () => number
  readonly #children = new Map<number, PodChild>()
  readonly #starts = new Map<number, PendingStart>()
  readonly #welcome = Promise.withResolvers<void>()
  readonly #timer: NodeJS.Timeout
  readonly #pulse = new LinkPulse()
  #onLost: ((children: readonly PodChild[], fault: ShimFault) => void) | null = null
  #lastRef = 0
  #fault: ShimFault | null = null
  #unsent: Buffer[] = []
  #isDraining = false

  /** @throws ShimFault; no byte of ours is sent to a pod with another certificate */
  static async attach(options: AttachOptions): Promise<ShimLink> {
    const reading: Reading = { onBytes: () => undefined }
    const socket = await dial(options, reading)
    const link = new ShimLink(socket, reading, options)
    const late = setTimeout(() => link.close(new ShimFault('silent', 'the shim did not answer in time')), ATTACH_MS)
    try {
      await link.#welcome.promise
      return link
    } finally {
      clearTimeout(late)
    }
  }

  private constructor(socket: TLSSocket, reading: Reading, options: AttachOptions) {
    this.#socket = socket
    this.#now = options.now
    this.podUid = options.podUid
    this.#welcome.promise.catch(() => undefined)
    const reader = new FrameReader((type, child, payload) => this.#receive(type, child, payload))
    reading.onBytes = (chunk) => {
      this.#pulse.heard()
      try {
        reader.push(chunk)
      } catch {
        this.close(new ShimFault('bad_frame', 'what came is no frame of this protocol'))
      }
    }
    socket.on('error', () => undefined)
    socket.once('close', () => this.close(new ShimFault('lost', 'the connection was lost')))
    this.#timer = setInterval(() => this.#look(), options.lookMs ?? LOOK_MS)
    this.#timer.unref()
    this.#greet(options)
  }

  /** It takes no new children. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  get isOpen(): boolean {
    return this.#fault === null
  }

  get children(): readonly PodChild[] {
    return [...this.#children.values()]
  }

  /** Called once, with what was running on it; whoever listens tells the children why. */
  onLost(listener: (children: readonly PodChild[], fault: ShimFault) => void): void {
    this.#onLost = listener
  }

  /** The running child of this key and fingerprint, or a new one. @throws ShimFault */
  start(options: StartOptions): Promise<PodChild> {
    if (this.#fault !== null) return Promise.reject(this.#fault)
    const ref = ++this.#lastRef
    const { key, fingerprint, argv, env, workdir, limits } = options
    this.#send(encodeFrame(FRAMES.START, 0, JSON.stringify({ ref, key, fingerprint, argv, env, workdir, limits })))
    return new Promise((resolve, reject) => this.#starts.set(ref, { options, resolve, reject }))
  }

  /** The pod goes: what is in flight may end there, nothing new begins. */
  drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    for (const child of this.children) child.leave()
  }

  /** Ends the connection; children that run go on in the pod. */
  close(fault = new ShimFault('closed', 'the connection was closed')): void {
    if (this.#fault !== null) return
    this.#fault = fault
    clearInterval(this.#timer)
    this.#socket.destroy()
    this.#welcome.reject(fault)
    for (const start of this.#starts.values()) start.reject(fault)
    this.#starts.clear()
    const children = this.children
    this.#children.clear()
    if (this.#onLost) this.#onLost(children, fault)
    else for (const child of children) child.lose({ kind: 'lost', reason: 'LinkLost', message: fault.message })
  }

  /** What is written within one turn of the event loop leaves as one record: each costs as much as the calls in it. */
  #send(frame: Buffer): void {
    if (this.#fault !== null) return
    if (this.#unsent.push(frame) === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const frames = this.#unsent
    this.#unsent = []
    if (this.#fault === null) this.#socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames))
  }

  #greet({ podUid, fingerprint, replica, prefix, sign }: AttachOptions): void {
    const exported = this.#socket.exportKeyingMaterial(EXPORT_BYTES, EXPORT_LABEL, Buffer.alloc(0)).toString('hex')
    const text = ['mcphub-shim/1 attach', podUid, fingerprint, replica, prefix, exported].join('\n')
    const signature = sign(Buffer.from(text)).toString('base64')
    this.#socket.write(PREAMBLE)
    this.#send(encodeFrame(FRAMES.HELLO, 0, JSON.stringify({ podUid, replica, prefix, signature })))
  }

  #look(): void {
    const isAwaited = this.#starts.size > 0 || this.children.some((child) => child.held)
    const todo = this.#pulse.look(isAwaited)
    if (todo === 'give up') this.close(new ShimFault('silent', 'its pod does not answer; its node may be lost'))
    else if (todo === 'ping') this.#send(encodeFrame(FRAMES.PING, 0))
  }

  #receive(type: number, number: number, payload: Buffer): void {
    if (this.#fault !== null) return
    const child = this.#children.get(number)
    if (type === FRAMES.STDOUT) child?.receiveLine(payload)
    else if (type === FRAMES.CREDIT) child?.receiveCredit(payload.readUInt32BE(0))
    else if (type === FRAMES.STDERR) child?.receiveStderr(payload)
    else if (type === FRAMES.PING) this.#echo(payload)
    else if (type !== FRAMES.PONG) this.#control(type, number, JSON.parse(payload.toString('utf8')) as Control)
  }

  /** @throws when it is longer than the protocol has it */
  #echo(payload: Buffer): void {
    if (payload.length > PING_BYTES) throw new Error('a ping is too long')
    if (this.#socket.writableLength < ECHO_BELOW_BYTES) this.#send(encodeFrame(FRAMES.PONG, 0, payload))
  }

  #control(type: number, number: number, told: Control): void {
    if (type === FRAMES.WELCOME) {
      this.#isDraining = told.draining === true
      this.#welcome.resolve()
    } else if (type === FRAMES.DRAINING) this.drain()
    else if (type === FRAMES.STARTED) this.#started(number, told)
    else if (type === FRAMES.FAILED) this.#failed(told)
    else if (type === FRAMES.EXIT) this.#exited(number, told)
    else if (type === FRAMES.ERROR && number !== 0) this.#children.get(number)?.seal()
    else if (type === FRAMES.ERROR) this.close(new ShimFault(String(told.code), String(told.message)))
  }

  #started(number: number, { ref, incarnation, pid }: Control): void {
    const start = this.#starts.get(Number(ref))
    if (start === undefined) return
    this.#starts.delete(Number(ref))
    const { sandboxId, fingerprint } = start.options
    const open = this.#children.get(number)
    const child =
      open !== undefined && !open.gone
        ? open
        : new PodChild({
            number,
            sandboxId,
            fingerprint,
            incarnation: String(incarnation),
            pid: Number(pid),
            send: (frame) => this.#send(frame),
            now: this.#now,
          })
    this.#children.set(number, child)
    start.resolve(child)
  }

  #failed({ ref, code, message }: Control): void {
    const start = this.#starts.get(Number(ref))
    this.#starts.delete(Number(ref))
    if (code === 'draining') this.drain()
    start?.reject(new ShimFault(String(code), String(message)))
  }

  /** Its stderr may be asked for after its end: the number stays known until the answer is in. */
  #exited(number: number, told: Control): void {
    const child = this.#children.get(number)
    if (child === undefined) return
    void child.readStderr().then(() => {
      child.seal()
      this.#children.delete(number)
    })
    child.receiveExit(told)
  }
}

interface Control {
  readonly draining?: unknown
  readonly ref?: unknown
  readonly incarnation?: unknown
  readonly pid?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly [member: string]: unknown
}

/** Who gets what comes; the bytes are written over afterwards. Nothing comes before our HELLO. */
interface Reading {
  onBytes: (bytes: Buffer) => void
}

/** What all links read into, a record at a time: a buffer for each read would be memory outside the heap, which makes V8 collect (docs/performance.md). */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES)

/** Nobody signed this certificate: its fingerprint is what is known of it. */
function dial({ host, port, fingerprint }: AttachOptions, reading: Reading): Promise<TLSSocket> {
  const onread = {
    buffer: READ_BUFFER,
    callback: (bytes: number): boolean => {
      reading.onBytes(READ_BUFFER.subarray(0, bytes))
      return true
    },
  }
  return new Promise((resolve, reject) => {
    // a name of its own: Node's types know `onread` for plain sockets only
    const plan = { host, port, minVersion: 'TLSv1.3', rejectUnauthorized: false, onread } as const
    const socket = connect(plan)
    const fail = (fault: ShimFault): void => {
      socket.destroy()
      reject(fault)
    }
    socket.setTimeout(ATTACH_MS, () => fail(new ShimFault('silent', 'the pod did not answer in time')))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail(new ShimFault('lost', `the pod cannot be reached (${error.code ?? 'unknown'})`)),
    )
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase()
      if (shown !== fingerprint) return fail(new ShimFault('other_certificate', 'the pod has another certificate'))
      socket.setTimeout(0)
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

/** As whoever asked for a child is told. */
export function toStartError(server: string, fault: unknown): HubError {
  if (!(fault instanceof ShimFault)) throw fault
  const data = { data: { server } }
  if (fault.code === 'limit') return new HubError('limit_exceeded', `Server "${server}": ${fault.message}`, data)
  return new HubError('sandbox_failed', `Server "${server}" did not start: ${fault.message}`, data)
}
