// An organisation of any size on a hub of its own, written straight into its database before the gateway starts on it: servers and groups as
// manifests, tools as if they had been discovered, people with keys and sessions, months of audit and what was counted of it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mcpServerSpec } from '@mcphub/api'
import { Client } from 'pg'
import { deriveServer } from '../../gateway/src/catalog/derive.ts'
import { startHub, type HubDatabase, type TestHub, type TestUser } from './hub.ts'
import { CHANGED_TOOLS, FILL, makeDay, NAMES_OF_GROUP } from './large-company-sql.ts'

export interface Size {
  readonly servers: number
  readonly toolsOfServer: number
  readonly people: number
  /** of the audit, over `days` */
  readonly records: number
  readonly days: number
}

export interface LargeCompany {
  readonly hub: TestHub
  readonly size: Size
  /** sees every server, has groups, and makes one in fifty of all calls */
  readonly admin: TestUser
  /** what the database itself says, as one number */
  count(sql: string, values?: readonly unknown[]): Promise<number>
  stop(): Promise<void>
}

const GROUP_SHARE = 10
const CHANGED_AT_MOST = 200
const NOWHERE = 'http://127.0.0.1:9/mcp'

export const serverName = (index: number): string => `server-${String(index).padStart(3, '0')}`
export const groupName = (index: number): string => `group-${String(index).padStart(3, '0')}`

export async function startLargeCompany(size: Size, database?: HubDatabase): Promise<LargeCompany> {
  const hub = await startHub({ env: { MCPHUB_LOG_LEVEL: 'info' }, ...(database && { database }) })
  const admin = await hub.addUser('jisoo')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  const client = new Client({ connectionString: hub.databaseUrl })
  await client.connect()
  await fill(client, size, admin)
  await hub.killGateway('SIGTERM')
  writeCatalog(hub, size)
  await hub.startGateway()
  const company: LargeCompany = {
    ...{ hub, size, admin },
    async count(sql, values = []) {
      const { rows } = await client.query<{ count: string }>(sql, [...values])
      return Number(rows[0]!.count)
    },
    async stop() {
      await client.end()
      await hub.stop()
    },
  }
  await waitForTools(company)
  return company
}

async function fill(client: Client, size: Size, admin: TestUser): Promise<void> {
  const { servers, people, records, days } = size
  for (const { sql, values } of FILL({ people, servers, adminId: admin.id })) await client.query(sql, [...values])
  for (let index = 0; index < servers; index++) {
    const { name, configHash } = declare(index)
    const body = JSON.stringify({ ...NO_OFFER, tools: buildTools(index, size.toolsOfServer) })
    await client.query(
      'INSERT INTO discoveries (server, config_hash, body, discovered_at) VALUES ($1, $2, $3, now())',
      [name, configHash, body],
    )
  }
  await client.query(CHANGED_TOOLS, [Math.min(servers, CHANGED_AT_MOST)])
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS
  for (let day = 0; day < days; day++) {
    const count = Math.floor(records / days) + (day < records % days ? 1 : 0)
    const from = new Date(midnight - (day + 1) * DAY_MS)
    for (const { sql, values } of makeDay({ from, day, count, servers, people })) await client.query(sql, [...values])
  }
  await client.query(COUNT_HOURS)
  await client.query('ANALYZE')
}

const DAY_MS = 86_400_000
const COUNT_HOURS = `INSERT INTO activity_hours (hour, user_id, server, calls, errors, refused, duration_ms)
  SELECT date_trunc('hour', at, 'UTC'), coalesce(user_id, ''), server, count(*), count(*) FILTER (WHERE outcome = 'error'),
    count(*) FILTER (WHERE outcome = 'refused'), sum(duration_ms)
  FROM audit WHERE kind = 'mcp' AND server IS NOT NULL GROUP BY 1, 2, 3`

/** Every tenth wants a value of each person; every fifth is for groups. */
function specOf(index: number): Readonly<Record<string, unknown>> {
  const token = `USER_TOKEN_${index}`
  const headers = index % 10 === 0 ? { headers: [{ name: 'Authorization', value: `Bearer \${${token}}` }] } : {}
  return {
    displayName: `Server ${index}`,
    description: `Number ${index} of many: what it is good for, in a sentence as people write them.`,
    type: 'Remote',
    access: index % 5 === 0 ? 'Groups' : 'Everyone',
    discovery: 'Shared',
    remote: { url: NOWHERE, ...headers },
  }
}

const declare = (index: number) =>
  deriveServer({ name: serverName(index), labels: {}, spec: mcpServerSpec.parse(specOf(index)) })

const NO_OFFER = {
  ...{ revision: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'many', version: '1' } },
  ...{ instructions: null, resources: [], resourceTemplates: [], prompts: [] },
}

const buildTools = (server: number, count: number): readonly object[] =>
  Array.from({ length: count }, (_, tool) => ({
    name: `tool_${tool}`,
    title: `Tool ${tool} of server ${server}`,
    description: `Does the ${tool}th of what server ${server} can do. Give it a place and how often; it answers with what it found there.`,
    inputSchema: {
      type: 'object',
      properties: {
        place: { type: 'string', description: 'Where, as a path' },
        often: { type: 'integer', minimum: 1, maximum: 100, default: 1 },
        kind: { enum: ['short', 'long'], description: 'How much to say' },
      },
      required: ['place'],
    },
  }))

function writeCatalog(hub: TestHub, { servers, people }: Size): void {
  const write = (kind: string, name: string, spec: object): void =>
    writeFileSync(
      join(hub.catalogDir, `${name}.yaml`),
      JSON.stringify({ apiVersion: 'mcphub.io/v1alpha1', kind, metadata: { name }, spec }),
    )
  for (let index = 0; index < servers; index++) write('McpServer', serverName(index), specOf(index))
  for (let index = 0; index * GROUP_SHARE < servers; index++) {
    const own = Array.from({ length: GROUP_SHARE }, (_, at) => serverName((index * GROUP_SHARE + at) % servers))
    const users = ['jisoo', ...NAMES_OF_GROUP(index, people)]
    write('UserGroup', groupName(index), {
      description: `Group ${index}`,
      members: { users },
      servers: [...new Set(own)],
    })
  }
}

/** What is known of the tools is written down in the background: until then the database is busy with it. */
async function waitForTools({ hub, size, count }: LargeCompany): Promise<void> {
  const wanted = Math.min(size.servers, CHANGED_AT_MOST)
  const sql = `SELECT count(*) FROM tool_definitions WHERE state = 'flagged' AND user_id IS NULL`
  const all = `SELECT count(DISTINCT (server, tool)) FROM tool_definitions`
  for (const end = performance.now() + 120_000; performance.now() < end;) {
    const isWritten = (await count(sql)) >= wanted && (await count(all)) >= size.servers * size.toolsOfServer
    if (isWritten) return
    await hub.request('GET', '/api/health')
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error('The tools were not written down in time')
}
