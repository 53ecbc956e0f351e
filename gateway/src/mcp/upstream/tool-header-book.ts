// What the tools of one server want mirrored in headers (2026-07-28 server/tools), read once when the first tool is called.
import type { Asked } from './link.ts'
import { readToolHeaders, type HeaderParam } from './tool-headers.ts'

type Table = ReadonlyMap<string, readonly HeaderParam[]>

/** as for discoveries: what lies beyond is in no list, and is not called */
const PAGES = 100
const MOST_TOOLS = 2000

export class ToolHeaderBook {
  /** null until it was read */
  table: Table | null = null
  readonly #listTools: (cursor: unknown) => Promise<Asked>
  #reading: Promise<Table> | null = null

  constructor(listTools: (cursor: unknown) => Promise<Asked>) {
    this.#listTools = listTools
  }

  /** Never rejects: a server that cannot be asked mirrors nothing, and is asked again next time. */
  read(): Promise<Table> {
    if (this.#reading !== null) return this.#reading
    const reading = this.#readAll().then(
      (table) => {
        if (this.#reading === reading) this.table = table
        return table
      },
      () => {
        if (this.#reading === reading) this.#reading = null
        return new Map<string, readonly HeaderParam[]>()
      },
    )
    this.#reading = reading
    return reading
  }

  forget(): void {
    this.table = null
    this.#reading = null
  }

  async #readAll(): Promise<Table> {
    const table = new Map<string, readonly HeaderParam[]>()
    let tools = 0
    let cursor: unknown
    // page by page: a server may fill each to the limit of a message, and only what it wants mirrored is kept
    for (let page = 0; page < PAGES && tools < MOST_TOOLS; page++) {
      const asked = await this.#listTools(cursor)
      if (asked.kind !== 'result' || !Array.isArray(asked.result['tools'])) break
      const listed = asked.result['tools'].slice(0, MOST_TOOLS - tools)
      tools += listed.length
      for (const [name, params] of readToolHeaders(listed)) table.set(name, params)
      const next = asked.result['nextCursor']
      if (typeof next !== 'string' || next === cursor) break
      cursor = next
    }
    return table
  }
}
