// Bytes that arrive in pieces, held as one block that grows. A peer that drips single bytes makes the hub hold those bytes: as a list of small buffers
// they would take a hundred times their size, and a body within its limit would end the process (GW-4, GW-7).
const FIRST_CAPACITY = 4096
const EMPTY = Buffer.alloc(0)

export class Gathered {
  #block: Buffer = EMPTY
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** What is held now, as long as nothing more is added. */
  get view(): Buffer {
    return this.#bytes === this.#block.length ? this.#block : this.#block.subarray(0, this.#bytes)
  }

  /** Copies the piece. */
  add(piece: Buffer): void {
    // most messages come in one piece, and need no room to grow
    if (this.#bytes === 0) this.#block = Buffer.from(piece)
    else piece.copy(this.#reserve(piece.length), this.#bytes)
    this.#bytes += piece.length
  }

  /** All of it; nothing is held then. */
  take(): Buffer {
    const taken = this.view
    this.clear()
    return taken
  }

  clear(): void {
    this.#block = EMPTY
    this.#bytes = 0
  }

  #reserve(more: number): Buffer {
    const needed = this.#bytes + more
    if (needed <= this.#block.length) return this.#block
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#block.length * 2, FIRST_CAPACITY))
    this.#block.copy(grown, 0, 0, this.#bytes)
    this.#block = grown
    return grown
  }
}
