// The whole flow at log level debug, failures included, then every sink is searched for every secret in every form.
import { readFileSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectV1, connectV2 } from '../kit/clients.ts'
import { until } from '../kit/wait-until.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { probe, remote } from '../kit/manifests.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'

const USER_VALUE = 'canary-user-value-7f3a91c2'
const ORG_VALUE = 'canary-org-value-51bd08e4'
const REFUSED_VALUE = 'canary-refused-value\r\nX-Evil: 1'
const WRONG_KEY = `mcphub_${'deadbeef'.repeat(8)}`

let registry: TestRegistry
let hub: TestHub
let upstream: Server
let alice: TestUser
/** what the server that must get the values got: proof that the flow was real */
const seen: string[] = []

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  upstream = createServer((req, res) => {
    seen.push(String(req.headers['x-token']))
    // a server that answers with what it was given, and not as JSON-RPC
    res.writeHead(500, { 'content-type': 'text/html' }).end(`<h1>${String(req.headers['x-token'])}</h1>`)
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const address = upstream.address()
  const port = typeof address === 'object' ? address?.port : 0
  hub = await startHub({
    manifests: {
      'probe.yaml': probe('probe'),
      'broken.yaml': remote(
        'broken',
        `http://127.0.0.1:${port}/mcp`,
        "    headers:\n      - name: X-Token\n        value: '${USER_PROBE_SECRET} ${ORG_TOKEN}'\n",
      ),
    },
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_LOG_LEVEL: 'trace' },
  })
  alice = await hub.addUser('alice')
}, 120_000)

afterAll(async () => {
  await hub?.stop()
  await registry?.stop()
  upstream?.close()
})

/** Everything the database holds, as text; sealed bytes as hex, so that plain text in them would show too. */
async function dumpDatabase(): Promise<string> {
  const client = new pg.Client({ connectionString: hub.databaseUrl })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    const parts: string[] = []
    for (const { name } of tables.rows) {
      const rows = await client.query(`SELECT t.*, t::text AS row_text FROM ${name} t`)
      parts.push(
        ...rows.rows.map((row) =>
          JSON.stringify(row, (_key, value: unknown) =>
            value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
          ),
        ),
      )
    }
    return parts.join('\n')
  } finally {
    await client.end()
  }
}

/** Command lines of everything that runs: any user of the host can read them. */
function readCommandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
    .join('\n')
}

const formsOf = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  encodeURIComponent(secret),
  secret.slice(0, 20),
  Buffer.from(secret).toString('hex'),
]

test('SEC-2, ID-3: no key and no value in any log, error, metric, audit row, database row or command line', async () => {
  const answers: string[] = []
  const note = (thrown: unknown): void =>
    void answers.push(thrown instanceof Error ? `${thrown.message}${thrown.stack}` : String(thrown))
  await hub.setVariables(alice.key, { USER_PROBE_SECRET: USER_VALUE })
  await hub.request('PUT', '/api/admin/org-vars', { variables: { ORG_TOKEN: ORG_VALUE } })
  await hub.setVariables(alice.key, { USER_PROBE_SECRET: REFUSED_VALUE }).catch(note)
  await until(async () => {
    const server = await hub.request<{ status: string }>('GET', '/api/servers/probe', undefined, alice.key)
    expect(server.status).toBe('Ready')
  }, 60_000)

  for (const client of [await connectV1(hub.endpoint(alice.key)), await connectV2(hub.endpoint(alice.key))]) {
    expect(await client.call('probe__nonce', { challenge: 'x' })).toMatch(/^[0-9a-f]{64}$/)
    await client.call('probe__log', { line: `stderr holds ${USER_VALUE}` })
    await client.call('broken__anything').catch(note)
    await client.call('probe__crash').catch(note)
    await client.close()
  }
  await until(() => expect(seen).toContain(`${USER_VALUE} ${ORG_VALUE}`), 20_000)
  await connectV1(hub.endpoint(WRONG_KEY)).catch(note)
  await fetch(`${hub.url}/.well-known/oauth-protected-resource/mcp?key=${alice.key}`).then(async (answer) =>
    note(await answer.text()),
  )
  await fetch(`${hub.url}/mcp?key=${alice.key}`, { method: 'POST', body: '{"broken' }).then(async (answer) =>
    note(await answer.text()),
  )
  for (const path of [
    '/api/user/me',
    '/api/user-env-vars',
    '/api/servers',
    '/api/activity',
    '/api/keys',
    '/api/sandboxes',
    '/api/env-templates',
  ]) {
    answers.push(JSON.stringify(await hub.request('GET', path, undefined, alice.key)))
  }
  for (const path of ['/api/admin/audit', '/api/admin/org-vars', '/api/admin/doctor', '/api/admin/sandboxes']) {
    answers.push(JSON.stringify(await hub.request('GET', path)))
  }
  const sandboxes = await hub.request<{ items: { id: string }[] }>('GET', '/api/sandboxes', undefined, alice.key)
  for (const { id } of sandboxes.items)
    answers.push(JSON.stringify(await hub.request('GET', `/api/sandboxes/${id}/logs`, undefined, alice.key)))

  const metrics = await (await fetch(hub.ready?.metricsUrl ?? '')).text()
  const commandLines = readCommandLines()
  const database = await until(async () => {
    const dump = await dumpDatabase()
    expect(dump).toContain('tools/call')
    return dump
  })
  await hub.killGateway('SIGTERM')
  const sinks = { log: readFileSync(hub.logFile, 'utf8'), answers: answers.join('\n'), metrics, database, commandLines }
  // each sink is the real one: it holds what belongs there
  expect(sinks.log).toContain('sandbox started')
  expect(sinks.metrics).toMatch(/mcphub_mcp_calls_total\{.*server="probe"/)
  expect(sinks.metrics).toMatch(/mcphub_sandbox_ends_total\{.*server="probe"/)

  const secrets = [
    USER_VALUE,
    ORG_VALUE,
    REFUSED_VALUE.slice(0, 20),
    alice.key,
    hub.adminKey,
    WRONG_KEY,
    registry.token,
  ]
  for (const [sink, text] of Object.entries(sinks)) {
    for (const secret of secrets) {
      for (const form of formsOf(secret))
        expect(text.includes(form), `${secret.slice(0, 14)}… in ${sink} as ${form.slice(0, 24)}`).toBe(false)
    }
  }
})
