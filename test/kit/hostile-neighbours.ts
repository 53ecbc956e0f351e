// Alice's hostile child tries everything of Bob's and of the hub's. Prints what it got. Run in this process, or as a program of its own
// under an ordinary uid: `node hostile-neighbours.js <dataDir> <nodePath> <hostileChild>`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Secret } from '../../gateway/src/secrets/secret.ts'
import { type Answer, HostileTalk, startHostileSandboxes } from './hostile-sandboxes.ts'

export const BOBS_TOKEN = 'bobs-token-7f3a'
export const HUB_SECRET = 'hub-database-url-9c1e'

interface SeenProcess {
  readonly pid: number
  readonly environ: string | null
  readonly cmdline: string | null
}

export interface NeighbourReport {
  readonly kind: string
  readonly message: string
  readonly alice: { readonly uid: number; readonly groups: number[]; readonly env: Record<string, string> }
  readonly bobUid: number
  readonly hubPid: number
  /** everything Alice could read about other processes */
  readonly seen: readonly SeenProcess[]
  /** System V segments Alice can see: PostgreSQL has one */
  readonly sharedMemory: number
  readonly attempts: Readonly<Record<string, Answer>>
}

export interface NeighbourInput {
  readonly dataDir: string
  readonly nodePath: string
  readonly hostileChild?: string
  readonly without?: readonly ('jail' | 'uid')[]
}

/** What the hub keeps beside the sandboxes, as the launcher lays it out. */
async function layOutHub(dataDir: string): Promise<{ keyRing: string; socket: string; close: () => void }> {
  for (const name of ['private', 'postgres']) mkdirSync(join(dataDir, name), { recursive: true, mode: 0o700 })
  const keyRing = join(dataDir, 'private', 'key-ring')
  writeFileSync(keyRing, HUB_SECRET, { mode: 0o600 })
  const socket = join(dataDir, 'postgres', '.s.PGSQL.5432')
  const server = createServer((connection) => connection.end())
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return { keyRing, socket, close: () => server.close() }
}

export async function reportNeighbours({
  dataDir,
  nodePath,
  hostileChild,
  without = [],
}: NeighbourInput): Promise<NeighbourReport> {
  process.env.MCPHUB_DATABASE_URL = HUB_SECRET
  const hub = await layOutHub(dataDir)
  const hostile = await startHostileSandboxes(dataDir, {
    config: { nodePath, without },
    ...(hostileChild === undefined ? {} : { hostileChild }),
  })
  try {
    const token = new Secret(BOBS_TOKEN)
    const bob = new HostileTalk(
      await hostile.acquire('bob', { env: new Map([['TOKEN', token]]), args: ['serve', token] }),
    )
    const alice = new HostileTalk(await hostile.acquire('alice'))
    const bobSelf = await bob.get<{ uid: number; cwd: string; pid: number }>('whoami')
    await bob.get('write', { path: 'diary', content: BOBS_TOKEN })
    const bobPid = hostile.sandboxes.list().find((info) => info.userId === 'bob')?.pid ?? -1
    const attempts: Record<string, Answer> = {
      bobsEnvironment: await alice.ask('read', { path: `/proc/${bobPid}/environ` }),
      bobsCommandLine: await alice.ask('read', { path: `/proc/${bobPid}/cmdline` }),
      bobsMemory: await alice.ask('read', { path: `/proc/${bobPid}/mem` }),
      bobsRoot: await alice.ask('list', { path: `/proc/${bobPid}/root/` }),
      bobsDiary: await alice.ask('read', { path: `${bobSelf.cwd}/diary` }),
      bobsFolder: await alice.ask('list', { path: bobSelf.cwd }),
      bobsFolderWrite: await alice.ask('write', { path: `${bobSelf.cwd}/note`, content: 'x' }),
      endBob: await alice.ask('killOther', { pid: bobPid }),
      keyRing: await alice.ask('read', { path: hub.keyRing }),
      database: await alice.ask('connect', { path: hub.socket }),
      records: await alice.ask('list', { path: join(dataDir, 'sandboxes', 'run') }),
      otherFolders: await alice.ask('list', { path: join(dataDir, 'sandboxes', 'temp') }),
      packageWrite: await alice.ask('write', { path: join(dataDir, 'packages', 'hostile', 'x'), content: 'x' }),
      hubEnvironment: await alice.ask('read', { path: `/proc/${process.pid}/environ` }),
    }
    const bobLives = await bob.ask('echo')
    return {
      kind: hostile.sandboxes.separation.kind,
      message: hostile.sandboxes.separation.message,
      alice: await alice.get('whoami'),
      bobUid: bobSelf.uid,
      hubPid: process.pid,
      seen: await alice.get('processes'),
      sharedMemory: await alice.get('sharedMemory'),
      attempts: { ...attempts, bobLives },
    }
  } finally {
    hub.close()
    await hostile.sandboxes.stop()
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [dataDir = '', nodePath = '', hostileChild = ''] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(await reportNeighbours({ dataDir, nodePath, hostileChild })))
}
