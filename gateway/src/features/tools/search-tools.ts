// Search among tools by words, page by page. Pure.
import type { ToolPageResponse, ToolResponse, ToolSearchQuery } from '@mcphub/api'
import { readCursor, writeCursor } from '../cursor.ts'

/** What a word may be found in, and how early what is found comes. */
type Rank = 0 | 1

interface Found {
  readonly rank: Rank
  readonly tool: ToolResponse
}

type Place = readonly [Rank, string]

/** Tools with all words in their name or title first, then those with some of them in the description only; each by name. */
export function searchTools(tools: readonly ToolResponse[], query: ToolSearchQuery): ToolPageResponse {
  const words = fold(query.q ?? '')
    .split(/\s+/u)
    .filter(Boolean)
  const after = query.cursor === undefined ? null : readCursor(query.cursor, parsePlace)
  const found = tools
    .filter(({ server }) => query.server === undefined || server === query.server)
    .flatMap((tool): Found[] => {
      const rank = rankOf(tool, words)
      return rank === null ? [] : [{ rank, tool }]
    })
    .sort((a, b) => compare(placeOf(a), placeOf(b)))
  const rest = after === null ? found : found.filter((one) => compare(placeOf(one), after) > 0)
  const page = rest.slice(0, query.limit)
  const last = page.at(-1)
  return {
    items: page.map(({ tool }) => tool),
    nextCursor: last === undefined || page.length === rest.length ? null : writeCursor(placeOf(last)),
    total: found.length,
  }
}

/** null: a word is nowhere. */
function rankOf({ name, tool, title, description }: ToolResponse, words: readonly string[]): Rank | null {
  const named = fold(`${name}\n${tool}\n${title ?? ''}`)
  const described = fold(description ?? '')
  const isNamed = (word: string): boolean => named.includes(word)
  if (words.every(isNamed)) return 0
  return words.every((word) => isNamed(word) || described.includes(word)) ? 1 : null
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

const placeOf = ({ rank, tool }: Found): Place => [rank, tool.name]

const parsePlace = ([rank, name]: readonly unknown[]): Place | null =>
  (rank === 0 || rank === 1) && typeof name === 'string' ? [rank, name] : null

function compare([rank, name]: Place, [otherRank, other]: Place): number {
  if (rank !== otherRank) return rank - otherRank
  return name < other ? -1 : Number(name > other)
}
