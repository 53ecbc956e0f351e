// A Kubernetes API server in memory, over real HTTP: lists in pages, watches with bookmarks, versions, conflicts, patches, apply, deletion
// with finalizers and owners, and faults on demand. No admission, no schemas, no RBAC but a list of tokens.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { parseCall, matches, type FakeCall } from './fake-request.ts'
import { FakeFailure, FakeStorage, type FakeObject, type HistoryEvent } from './fake-storage.ts'
import { presentOwners } from './field-owners.ts'
import { write } from './fake-writes.ts'
import { Faults, type Fault, type FaultAction } from './faults.ts'
import { parseBody, sendJson, sendStatus } from './fake-answers.ts'
import type { Json } from './json.ts'

export interface FakeApiServerOptions {
  /** bearer tokens it takes; default: anybody */
  readonly tokens?: Set<string>
  /** between two bookmarks of a watch, in ms; default 1000 */
  readonly bookmarkMs?: number
  /** what is read says who set which field, as a real server does; default: it does not */
  readonly managedFields?: boolean
  /** what a TokenReview says of a token; default: nobody's */
  readonly review?: (token: string, audiences: readonly string[]) => TokenReviewStatus
}

export interface TokenReviewStatus {
  readonly authenticated?: boolean
  readonly user?: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> }
  readonly audiences?: readonly string[]
  readonly error?: string
}

interface TokenReviewBody {
  readonly spec?: { readonly token?: string; readonly audiences?: readonly string[] }
}

interface Page {
  readonly items: FakeObject[]
  readonly version: number
}

export class FakeApiServer {
  readonly storage = new FakeStorage()
  readonly #options: FakeApiServerOptions
  readonly #faults = new Faults()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #watches = new Set<ServerResponse>()
  readonly #pages = new Map<string, Page>()
  readonly #calls: FakeCall[] = []
  #connections = 0
  #inFlight = 0
  #mostInFlight = 0
  /** what its answers' Date is ahead of this machine's clock, in ms */
  clockAheadMs = 0

  private constructor(options: FakeApiServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.on('connection', (socket) => {
      this.#connections++
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
    const fake = new FakeApiServer(options)
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  /** every call so far, refused ones too */
  get calls(): readonly FakeCall[] {
    return this.#calls
  }

  /** In a long run: what was asked until now. */
  forgetCalls(): void {
    this.#calls.length = 0
  }
  /** sockets accepted so far */
  get connections(): number {
    return this.#connections
  }
  /** most calls at one time, watches apart */
  get mostInFlight(): number {
    return this.#mostInFlight
  }
  get openWatches(): number {
    return this.#watches.size
  }

  inject(fault: Fault): () => void {
    return this.#faults.inject(fault)
  }

  /** All watches break, as when a load balancer is restarted. */
  cutWatches(): void {
    for (const response of this.#watches) response.destroy()
  }

  /** Old versions are no longer held: watches cannot resume, and lists under way cannot go on. */
  compact(): void {
    this.storage.compact()
    this.#pages.clear()
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = parseCall(request)
    if (!call) return sendStatus(response, new FakeFailure(404, 'NotFound', 'no such path'))
    this.#calls.push(call)
    response.setHeader('date', new Date(Date.now() + this.clockAheadMs).toUTCString())
    if (!call.watch) this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight)
    response.once('close', () => {
      if (!call.watch) this.#inFlight--
    })
    try {
      const body = parseBody(await text(request))
      const act = this.#faults.next(call)
      if (act && (await this.#misbehave(act, response))) return
      this.#authenticate(call)
      if (call.watch) return this.#watch(call, response, act)
      const { code, object } = this.#do(call, body, act)
      if (act && 'drop' in act) response.destroy()
      else sendJson(response, code, object)
    } catch (error) {
      sendStatus(response, error)
    }
  }

  #do(call: FakeCall, body: Json, act: FaultAction | null): { readonly code: number; readonly object: object } {
    if (act && 'empty' in act) return this.#emptyList()
    if (call.method === 'GET') return this.#read(call)
    if (call.collection === 'tokenreviews.authentication.k8s.io') return this.#review(body)
    return write(this.storage, call, body)
  }

  /** Kept nowhere, as at the real server. */
  #review(body: Json): { readonly code: number; readonly object: object } {
    const { token = '', audiences = [] } = (body as unknown as TokenReviewBody | null)?.spec ?? {}
    const status = this.#options.review?.(token, audiences) ?? { authenticated: false }
    return { code: 201, object: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status } }
  }

  /** @returns whether that was the answer */
  async #misbehave(act: FaultAction, response: ServerResponse): Promise<boolean> {
    if ('delayMs' in act) await wait(act.delayMs)
    if ('hold' in act) await act.hold
    if ('drop' in act && act.drop === 'before') {
      response.destroy()
      return true
    }
    if (!('answer' in act)) return false
    const { code, reason, message = 'on demand', retryAfterSeconds } = act.answer
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
    sendStatus(response, new FakeFailure(code, reason, message))
    return true
  }

  #authenticate({ token }: FakeCall): void {
    const { tokens } = this.#options
    if (tokens && (token === null || !tokens.has(token))) throw new FakeFailure(401, 'Unauthorized', 'Unauthorized')
  }

  #read(call: FakeCall): { code: number; object: object } {
    const { collection, namespace, name } = call
    if (name !== null)
      return { code: 200, object: this.#withManagers(call, this.storage.get(collection, namespace, name)) }
    return { code: 200, object: this.#list(call) }
  }

  #emptyList(): { code: number; object: object } {
    const metadata = { resourceVersion: String(this.storage.version) }
    return { code: 200, object: { kind: 'List', apiVersion: 'v1', metadata, items: [] } }
  }

  #list(call: FakeCall): object {
    const { items, version } = this.#openPage(call)
    const limit = Number(call.query.get('limit') ?? 0) || items.length
    const metadata: { resourceVersion: string; continue?: string } = { resourceVersion: String(version) }
    if (items.length > limit) {
      metadata.continue = `${version}-${this.#pages.size}`
      this.#pages.set(metadata.continue, { items: items.slice(limit), version })
    }
    const shown = items.slice(0, limit).map((item) => this.#withManagers(call, item))
    return { kind: 'List', apiVersion: 'v1', metadata, items: shown }
  }

  #withManagers({ collection }: FakeCall, object: FakeObject): FakeObject {
    if (this.#options.managedFields !== true) return object
    const { namespace, name } = object.metadata
    const owners = this.storage.ownersOf(collection, (namespace as string | undefined) ?? null, name)
    return { ...object, metadata: { ...object.metadata, managedFields: presentOwners(owners) } }
  }

  /** The whole of a list as it was when it began: its first page, or what a token stands for. */
  #openPage(call: FakeCall): Page {
    const { collection, namespace, query } = call
    const token = query.get('continue')
    if (token === null) {
      const items = this.storage.list(collection, namespace).filter((object) => matches(object, call))
      return { items, version: this.storage.version }
    }
    const page = this.#pages.get(token)
    if (page) return page
    throw new FakeFailure(410, 'Expired', 'The provided continue parameter is too old; start a new list')
  }

  #watch(call: FakeCall, response: ServerResponse, act: FaultAction | null): void {
    const version = Number(call.query.get('resourceVersion') || this.storage.version)
    const send = (type: string, object: object): void => void response.write(`${JSON.stringify({ type, object })}\n`)
    const tell = (event: HistoryEvent): void => {
      if (event.collection !== call.collection) return
      const type = typeFor(event, call)
      if (type) send(type, event.object)
    }
    if (act && 'silent' in act) {
      response.writeHead(200).flushHeaders()
      this.#hold(response, () => undefined)
      return
    }
    // a version that is too old is told within the stream, as the real server does when it knows only then
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    if (act && 'garble' in act) response.write('{"type":"ADD\n')
    try {
      const stop = this.storage.since(version, tell)
      const bookmark = { metadata: { resourceVersion: '' } }
      const timer = setInterval(() => {
        bookmark.metadata.resourceVersion = String(this.storage.version)
        send('BOOKMARK', bookmark)
      }, this.#options.bookmarkMs ?? 1000)
      const seconds = Number(call.query.get('timeoutSeconds') ?? 1800)
      const end = setTimeout(() => response.end(), seconds * 1000)
      this.#hold(response, () => {
        stop()
        clearInterval(timer)
        clearTimeout(end)
      })
    } catch (error) {
      const { code, reason, message } = error as FakeFailure
      send('ERROR', { kind: 'Status', code, reason, message })
      response.end()
    }
  }

  #hold(response: ServerResponse, release: () => void): void {
    this.#watches.add(response)
    response.once('close', () => {
      this.#watches.delete(response)
      release()
    })
  }
}

/** For a watch with selectors an object that begins or ceases to match appears or disappears. */
function typeFor({ type, object, before }: HistoryEvent, call: FakeCall): HistoryEvent['type'] | null {
  const is = matches(object, call)
  const was = before !== null && matches(before, call)
  if (type === 'DELETED') return was || is ? 'DELETED' : null
  if (is) return was ? 'MODIFIED' : 'ADDED'
  return was ? 'DELETED' : null
}
