// A request whose body can be taken straight from the parser. The stream around a body costs some 3 µs a call (queue, ticks, three listeners), and
// an MCP request is read whole anyway.
import { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

export class HubRequest extends IncomingMessage {
  #taker: ((chunk: Buffer | null) => void) | null = null
  #isTaken = false
  #hasBegun = false

  /**
   * `take` gets each chunk, then null; never again after it threw. It must read on, at whatever pace the client writes: there is no pausing here.
   * A client that leaves before the end is not told of. Where the body began to arrive before, it comes by way of the stream.
   */
  takeBody(take: (chunk: Buffer | null) => void): void {
    if (this.#hasBegun) {
      this.on('data', take)
      this.on('end', () => take(null))
      return
    }
    this.#taker = take
    this.#isTaken = true
    // or node's server would read the rest away after the answer
    ;(this as unknown as { _consuming: boolean })._consuming = true
  }

  /** Called by node's parser, with null at the end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (!this.#isTaken) {
      this.#hasBegun = true
      return super.push(chunk, encoding)
    }
    const take = this.#taker
    // the answer may stream for days, and needs nothing of the body
    if (chunk === null) this.#taker = null
    take?.(chunk)
    return true
  }

  get isTaken(): boolean {
    return this.#isTaken
  }
}

/** Node's server lets go of a request when its stream has ended; the stream of a taken body never begins. */
const streamEnded = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableEnded')!.get!
Object.defineProperty(HubRequest.prototype, 'readableEnded', {
  get(this: HubRequest): boolean {
    return this.isTaken ? this.complete : streamEnded.call(this)
  },
})
