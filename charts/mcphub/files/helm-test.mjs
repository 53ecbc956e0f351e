// `helm test`: two canary users, a sandbox each, and what one cannot reach from its own. Ends with 0 only if every line says "ok".
// It runs in the gateway's image: its users are made as a gateway makes them, everything else goes through the hub like anybody's call.
import { execFileSync } from 'node:child_process'
import net from 'node:net'

const env = process.env
const ENDPOINT = `${env.HUB_URL}/mcp/${env.CANARY_SERVER}`
const CALL_MS = 120_000
const NAMES = env.CANARY_USERS.split(',')

const canaryUsers = (...args) =>
  execFileSync(process.execPath, ['main.mjs', 'canary-users', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

/** The text a tool of the canary server answers with. A call without a session is answered as well, so no session is made. */
async function call(user, name, args = {}) {
  const answer = await fetch(ENDPOINT, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
    signal: AbortSignal.timeout(CALL_MS),
  })
  const text = await answer.text()
  const data = text.startsWith('{') ? text : text.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).at(-1)
  const message = JSON.parse(data ?? '{}')
  const said = message.result?.content?.[0]?.text
  if (said === undefined || message.result.isError) throw new Error(`${user.username} called ${name}: ${answer.status} ${text.slice(0, 500)}`)
  return said
}

/** The catalogue learns of the canary's server and group a moment after they were made. */
async function untilKnown(work) {
  for (let tries = 60; ; tries--) {
    try {
      return await work()
    } catch (error) {
      if (tries === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

const opens = (host, port) =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: 3000 })
    const end = (open) => resolve(socket.destroy() && open)
    socket.on('connect', () => end(true)).on('timeout', () => end(false)).on('error', () => end(false))
  })

let failures = 0
function report(ok, what) {
  if (!ok) failures += 1
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}`)
}

async function prove([alice, bob]) {
  const [a] = (await untilKnown(() => call(alice, 'where'))).split(' ')
  const [b] = (await untilKnown(() => call(bob, 'where'))).split(' ')
  report(a !== b, `two users, two pods: ${a} and ${b}`)
  for (const user of [alice, bob]) {
    report((await call(user, 'connect', { host: '127.0.0.1', port: 8479 })) === 'open', `${user.username}: the probe opens what is open`)
  }
  const database = new URL(env.DATABASE_HOST_URL)
  const targets = [
    ['the API server', env.KUBERNETES_SERVICE_HOST, Number(env.KUBERNETES_SERVICE_PORT), true],
    ['the database', database.hostname, Number(database.port || 5432), true],
    ['the REST port of the hub', env.HUB_HOST, Number(env.HUB_PORT), true],
    ['the metadata address', '169.254.169.254', 80, false],
  ]
  const pods = [
    [alice, [["the other's pod", b, 8477, false], ["a server in the other's pod", b, 8479, false]]],
    [bob, [["the other's pod", a, 8477, false], ["a server in the other's pod", a, 8479, false]]],
  ]
  for (const [what, host, port, control] of targets) {
    if (control) report(await opens(host, port), `${what} (${host}:${port}) answers this test itself`)
  }
  const asked = pods.flatMap(([user, others]) => [...others, ...targets].map(([what, host, port]) => ({ user, what, host, port })))
  // all at once: what is dropped is waited for
  const said = await Promise.all(asked.map(({ user, host, port }) => call(user, 'connect', { host, port })))
  for (const [index, { user, what, host, port }] of asked.entries()) {
    report(said[index] !== 'open', `${user.username} does not reach ${what} (${host}:${port})`)
  }
}

if (!env.CANARY_SERVER) {
  console.log('skipped: a McpServer names its image by digest; set images.sandboxNode.digest')
  process.exit(0)
}
const users = JSON.parse(canaryUsers('create', ...NAMES))
try {
  await prove(users)
} catch (error) {
  report(false, error.message)
} finally {
  canaryUsers('remove', ...users.map(({ id }) => id))
}
console.log(failures === 0 ? 'all is shut off' : `${failures} failed`)
process.exit(failures === 0 ? 0 : 1)
