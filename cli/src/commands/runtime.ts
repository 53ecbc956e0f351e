// mcphub sessions, sandboxes, activity: what is going on, and how to end it.
import type { Command } from 'commander'
import type { ActivityResponse, AuditResponse, RouteQueryInput } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { usageFault } from '../fault.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'
import { print } from '../terminal.ts'
import { ago, bytes, clean, cleanLog, table } from '../text.ts'

const ALL_OPTION = ['--all', 'of everybody (administrators)'] as const

export function addRuntimeCommands(program: Command, environment: Environment): void {
  const sessions = program.command('sessions').description('MCP sessions of your editors')
  sessions
    .command('list')
    .description('list sessions')
    .option(...ALL_OPTION)
    .addHelpText('after', example('mcphub sessions list'))
    .action(act(environment, listSessions))
  sessions
    .command('end')
    .description('end a session; the editor must start a new one')
    .argument('<id>')
    .addHelpText('after', example('mcphub sessions end 0123456789abcdef01234567'))
    .action(act(environment, endSession))
  const sandboxes = program.command('sandboxes').description('Running stdio servers')
  sandboxes
    .command('list')
    .description('list sandboxes')
    .option(...ALL_OPTION)
    .addHelpText('after', example('mcphub sandboxes list'))
    .action(act(environment, listSandboxes))
  sandboxes
    .command('logs')
    .description('the last stderr of a sandbox')
    .argument('<id>')
    .addHelpText('after', example('mcphub sandboxes logs c0a0d1d658f668d7b4d0ca39425504b7'))
    .action(act(environment, showLogs))
  sandboxes
    .command('stop')
    .description('stop a sandbox; the next call starts it again')
    .argument('<id>')
    .addHelpText('after', example('mcphub sandboxes stop c0a0d1d658f668d7b4d0ca39425504b7'))
    .action(act(environment, stopSandbox))
  program
    .command('activity')
    .description('Your calls, newest first; refused ones too')
    .option(...ALL_OPTION)
    .option('--user <username>', 'of one user (administrators)')
    .option('--server <name>', 'of one server')
    .option('--outcome <outcome>', 'ok, error, refused or canceled')
    .option('--kind <kind>', 'mcp, admin or auth')
    .option('--since <time>', 'not before, such as 2026-12-31T23:59:59Z')
    .option('--limit <count>', 'at most so many', '50')
    .option('--cursor <cursor>', 'the page after: nextCursor of --json')
    .option('--follow', 'go on and show new ones as they come (with --json one object per line)')
    .addHelpText('after', example('mcphub activity --server github --outcome error', 'mcphub activity --all --follow'))
    .action(act(environment, showActivity))
}

async function listSessions(run: Run, options: { all?: boolean }): Promise<void> {
  const sessions = await run.client.call(options.all ? 'listAllSessions' : 'listSessions')
  run.show(sessions, () =>
    table(
      ['ID', 'USER', 'CLIENT', 'REVISION', 'ENDPOINT', 'LAST SEEN', 'STATE'],
      sessions.items.map((session) => [
        session.id,
        session.username,
        [session.clientName, session.clientVersion].filter(Boolean).join(' '),
        session.revision,
        session.endpoint,
        ago(session.lastSeenAt),
        session.endedAt ? 'ended' : 'open',
      ]),
      'There is no session.',
    ),
  )
}

async function endSession(run: Run, id: string): Promise<void> {
  await run.client.call('endSession', { params: { id } })
  run.done('The session is ended.')
}

async function listSandboxes(run: Run, options: { all?: boolean }): Promise<void> {
  const sandboxes = await run.client.call(options.all ? 'listAllSandboxes' : 'listSandboxes')
  run.show(sandboxes, () => {
    const rows = table(
      ['ID', 'SERVER', 'USER', 'STATE', 'MEMORY', 'STARTED', 'LAST USED', 'FAULT'],
      sandboxes.items.map((sandbox) => [
        sandbox.id,
        sandbox.server,
        sandbox.username ?? 'shared',
        sandbox.state,
        bytes(sandbox.memoryBytes),
        ago(sandbox.startedAt),
        ago(sandbox.lastActiveAt),
        sandbox.lastFault,
      ]),
      'No sandbox runs.',
    )
    return `${rows}\n\nSeparation: ${clean(sandboxes.separation.message)}`
  })
}

async function showLogs(run: Run, id: string): Promise<void> {
  const logs = await run.client.call('getSandboxLogs', { params: { id } })
  run.show(logs, () => cleanLog(logs.text))
}

async function stopSandbox(run: Run, id: string): Promise<void> {
  await run.client.call('stopSandbox', { params: { id } })
  run.done(`${id} is stopped.`)
}

interface ActivityOptions {
  readonly all?: boolean
  readonly user?: string
  readonly server?: string
  readonly outcome?: string
  readonly kind?: string
  readonly since?: string
  readonly limit: string
  readonly cursor?: string
  readonly follow?: boolean
}

type ActivityFilters = Omit<NonNullable<RouteQueryInput<'listActivity'>>, 'limit'> & { limit: number }
type Row = ActivityResponse & Partial<AuditResponse>
interface Page {
  readonly items: readonly Row[]
  readonly nextCursor: string | null
}

async function readPage(run: Run, options: ActivityOptions): Promise<Page> {
  const query = readFilters(options)
  if (!options.all && options.user === undefined) return run.client.call('listActivity', { query })
  return run.client.call('listAudit', { query: { ...query, user: options.user } })
}

/** The hub judges the words; here they only have their types. */
function readFilters({ server, outcome, kind, since, cursor, limit }: ActivityOptions): ActivityFilters {
  return { server, outcome, kind, since, cursor, limit: readLimit(limit) } as ActivityFilters
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 200) return limit
  throw usageFault('--limit is a number from 1 to 200.')
}

async function showActivity(run: Run, options: ActivityOptions): Promise<void> {
  const page = await readPage(run, options)
  if (options.follow) return showComing(run, options, page)
  run.show(page, () => showRows(page.items))
}

/** One's own records name nobody: the column is for those of others. */
function showRows(rows: readonly Row[]): string {
  const hasUsers = rows.some(({ username }) => username)
  const keep = <T>(row: readonly T[]): T[] => row.filter((_, column) => hasUsers || column !== USER_COLUMN)
  return table(
    keep(HEADERS),
    rows.map((row) => keep(cells(row))),
    'Nothing happened yet.',
  )
}

const USER_COLUMN = 1
const HEADERS = ['TIME', 'USER', 'ACTION', 'SERVER', 'TARGET', 'OUTCOME', 'MS', 'REQUEST']
const cells = (row: Row): (string | number | null)[] => [
  row.at,
  row.username ?? null,
  row.action,
  row.server,
  row.targetShown ?? row.target,
  row.code ? `${row.outcome} (${row.code})` : row.outcome,
  Math.round(row.durationMs),
  row.requestId,
]

const FOLLOW_MS = 1000
/** The hub writes records in batches, so one may come after another that is younger. */
const OVERLAP_MS = 10_000

/** Until the process is ended. Each record once, oldest first; those seen are told apart by id. */
async function showComing(run: Run, options: ActivityOptions, first: Page): Promise<void> {
  let shown: ReadonlySet<string> = new Set()
  let rows = first.items
  for (;;) {
    for (const row of rows.toReversed()) if (!shown.has(row.id)) print(lineOf(run, row))
    shown = new Set(rows.map(({ id }) => id))
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS))
    const since = windowStart(rows[0]?.at, options.since)
    rows = keepWindow(rows, await readAllSince(run, options, since), since)
  }
}

/** Without a first record there is nothing to overlap with: everything is new. */
function windowStart(newest: string | undefined, wanted: string | undefined): string | undefined {
  if (!newest) return wanted
  const start = new Date(Date.parse(newest) - OVERLAP_MS).toISOString()
  return wanted && Date.parse(wanted) > Date.parse(start) ? wanted : start
}

/** What was shown and lies before the window is forgotten; what is in it stays known even if a page misses it. */
function keepWindow(before: readonly Row[], now: readonly Row[], since: string | undefined): readonly Row[] {
  const known = new Set(now.map(({ id }) => id))
  const kept = before.filter(({ id, at }) => !known.has(id) && since !== undefined && at >= since)
  return [...now, ...kept]
}

async function readAllSince(run: Run, options: ActivityOptions, since: string | undefined): Promise<readonly Row[]> {
  const { cursor: _, ...filters } = { ...options, limit: '200', ...(since ? { since } : {}) }
  const first = await readPage(run, filters)
  const rows = [...first.items]
  for (let cursor = first.nextCursor; since && cursor;) {
    const page = await readPage(run, { ...filters, cursor })
    rows.push(...page.items)
    cursor = page.nextCursor
  }
  return rows
}

function lineOf(run: Run, row: Row): string {
  if (run.globals.json) return JSON.stringify(row)
  return cells(row)
    .map((cell) => clean(String(cell ?? '-')))
    .join('  ')
}
