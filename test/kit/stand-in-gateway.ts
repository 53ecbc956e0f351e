// Stands in for the gateway in tests of the launcher: the same environment, events, signals and leftovers, none of its work.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { Client } from 'pg'

const env = process.env
const read = (name: string): string => {
  const value = env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}
const children = path.join(read('MCPHUB_DATA_DIR'), 'stand-in-children')

function sweep(): void {
  const pids = existsSync(children) ? readFileSync(children, 'utf8').split('\n').filter(Boolean).map(Number) : []
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // gone already
    }
  }
}

async function countStarts(): Promise<number> {
  const client = new Client({ connectionString: readFileSync(read('MCPHUB_DATABASE_URL_FILE'), 'utf8').trim() })
  await client.connect()
  await client.query('CREATE TABLE IF NOT EXISTS starts (at timestamptz DEFAULT now())')
  await client.query('INSERT INTO starts DEFAULT VALUES')
  const found = await client.query<{ n: string }>('SELECT count(*) AS n FROM starts')
  await client.end()
  return Number(found.rows[0]?.n)
}

/** a child in a session of its own that ignores signals, as a stdio server's grandchild may */
function startChild(): void {
  const child = spawn('/bin/sh', ['-c', "trap '' TERM INT HUP; while :; do sleep 1; done"], {
    detached: true,
    stdio: 'ignore',
  })
  child.unref()
  appendFileSync(children, `${child.pid}\n`)
}

async function main(): Promise<void> {
  sweep()
  if (process.argv.includes('--sweep-orphans')) return
  process.send?.({ type: 'progress', message: 'Preparing the database' })
  const starts = await countStarts()
  const port = Number(read('MCPHUB_PORT'))
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ starts, pid: process.pid, path: request.url }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  startChild()
  const end = (): void => {
    sweep()
    process.exit(0)
  }
  process.on('SIGTERM', end)
  process.once('disconnect', end)
  const address = server.address()
  process.send?.({
    type: 'ready',
    endpoint: `http://localhost:${typeof address === 'object' ? address?.port : port}/mcp`,
    setupUrl: `http://localhost:${port}/setup#token=${'0'.repeat(64)}`,
    demoKey: starts === 1 ? `mcphub_${'ab'.repeat(32)}` : null,
    separation: { kind: 'ProcessOnly', message: 'a stand-in' },
  })
}

main().catch((error: unknown) => {
  process.send?.({ type: 'fatal', message: String(error), fix: 'Mend the test.' })
  process.exitCode = 1
})
