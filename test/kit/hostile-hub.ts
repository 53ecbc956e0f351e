// A hub that will be killed: starts one child with a stubborn grandchild in a session of its own, prints what runs, and waits.
// `node hostile-hub.ts <dataDir> <hubMark>`
import { HostileTalk, startHostileSandboxes } from './hostile-sandboxes.ts'

const [dataDir = '', hubMark = ''] = process.argv.slice(2)
const hub = await startHostileSandboxes(dataDir, { config: { hubMark } })
const child = new HostileTalk(await hub.acquire('alice', { args: ['stubborn'] }))
await child.get('fork')
await child.get('fork', { wiped: true })
process.stdout.write(`${JSON.stringify({ pid: hub.sandboxes.list()[0]?.pid, incarnation: child.child.incarnation })}\n`)
setInterval(() => undefined, 1_000)
