// Writes the tables of docs/guides/protocol.md from the rows of the matrix. Pure.
import { FEATURES, isPending } from './features.ts'
import { DOWNSTREAMS, expectedOf, SESSIONS, UPSTREAMS, type Down, type Feature, type Outcome } from './matrix.ts'

export const BEGIN = '<!-- from test/pairings: npm run docs:protocol -->'
export const END = '<!-- end of test/pairings -->'

const COLUMNS: readonly { readonly head: string; readonly downs: readonly Down[] }[] = [
  { head: 'a session (2025-03-26, 2025-06-18, 2025-11-25)', downs: SESSIONS },
  { head: 'plain POSTs without one', downs: ['plain POST'] },
  { head: '2026-07-28', downs: ['2026-07-28'] },
]

/** The guide with its tables written anew. @throws Error where their place is not marked */
export function renderGuide(guide: string): string {
  const [from, to] = [guide.indexOf(BEGIN), guide.indexOf(END)]
  if (from === -1 || to < from) throw new Error(`the guide lacks "${BEGIN}" … "${END}"`)
  return `${guide.slice(0, from)}${BEGIN}\n\n${renderTables()}\n${guide.slice(to)}`
}

function renderTables(): string {
  const areas = [...new Set(FEATURES.map(({ area }) => area))]
  return areas
    .map((area) =>
      renderArea(
        area,
        FEATURES.filter((feature) => feature.area === area),
      ),
    )
    .join('\n')
}

function renderArea(area: string, features: readonly Feature[]): string {
  const heads = [area, ...COLUMNS.map(({ head }) => head)]
  const rows = features.map((feature) => [nameOf(feature), ...COLUMNS.map(({ downs }) => renderCell(feature, downs))])
  const table = [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  const notes = features.filter(({ note }) => note !== undefined).map(({ title, note }) => `- *${title}*: ${note}`)
  return [...table, '', ...(notes.length > 0 ? [...notes, ''] : [])].join('\n')
}

const nameOf = ({ title }: Feature): string => title

/** What most pairings of the column see, then those that see something else. */
function renderCell(feature: Feature, downs: readonly Down[]): string {
  const seen = new Map<string, [Down, (typeof UPSTREAMS)[number]][]>()
  for (const down of downs) {
    for (const up of UPSTREAMS) {
      const words = isPending(feature, down, up) ? 'not yet' : inWords(expectedOf(feature, down, up))
      seen.set(words, [...(seen.get(words) ?? []), [down, up]])
    }
  }
  const [most, ...others] = [...seen].sort(([, a], [, b]) => b.length - a.length)
  return [most![0], ...others.map(([words, pairs]) => `${namePairs(pairs, downs)}: ${words}`)].join('; ')
}

function namePairs(pairs: readonly (readonly [Down, string])[], downs: readonly Down[]): string {
  const seenDowns = DOWNSTREAMS.filter((down) => pairs.some(([one]) => one === down))
  const seenUps = UPSTREAMS.filter((up) => pairs.some(([, one]) => one === up))
  const clients = seenDowns.length === downs.length ? [] : [seenDowns.join(', ')]
  const servers = seenUps.length === UPSTREAMS.length ? [] : [`in front of ${seenUps.join(', ')}`]
  return [...clients, ...servers].join(' ')
}

function inWords(outcome: Outcome): string {
  const [kind = '', rest = ''] = outcome.split(/: (.*)/)
  if (kind === 'client') return `error ${rest}`
  if (kind === 'server') return `the server is told ${rest}`
  if (kind === 'none') return `– (${rest})`
  return outcome === 'passes' ? '✓' : `✓ ${outcome.slice('passes '.length)}`
}
