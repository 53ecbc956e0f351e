// Rows waiting in a few large pieces of memory, oldest first. A piece that is being written takes no more rows.
const PIECE_BYTES = 1024 * 1024
const SPARES = 2

export interface Piece {
  readonly bytes: Buffer
  used: number
  rows: number
}

export class RowBuffer {
  #pieces: Piece[] = []
  #open: Piece | null = null
  #spares: Buffer[] = []
  #rows = 0

  get rows(): number {
    return this.#rows
  }

  /** rows of the piece that is being filled; 0 when none is */
  get openRows(): number {
    return this.#open?.rows ?? 0
  }

  get pieces(): number {
    return this.#pieces.length
  }

  add(row: string): void {
    // a character takes at most three bytes
    const most = row.length * 3
    if (this.#open === null || this.#open.used + most > this.#open.bytes.length) this.#open = this.#newPiece(most)
    const piece = this.#open
    piece.used += piece.bytes.write(row, piece.used)
    piece.rows++
    this.#rows++
  }

  /** The oldest rows, closed for further ones; null when there are none. */
  first(): Piece | null {
    const piece = this.#pieces[0] ?? null
    if (piece === this.#open) this.#open = null
    return piece
  }

  /** The first piece was written. */
  drop(): void {
    const piece = this.#pieces.shift()!
    this.#rows -= piece.rows
    if (this.#spares.length < SPARES && piece.bytes.length === PIECE_BYTES) this.#spares.push(piece.bytes)
  }

  #newPiece(most: number): Piece {
    const bytes =
      most > PIECE_BYTES ? Buffer.allocUnsafeSlow(most) : (this.#spares.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES))
    const piece = { bytes, used: 0, rows: 0 }
    this.#pieces.push(piece)
    return piece
  }
}

export function rowsOf({ bytes, used }: Piece): Buffer {
  return bytes.subarray(0, used)
}
