// A prepared package (bundled, its code compiled beforehand) against the same package as npm installs it: spawn → first tool result.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BareChild } from '../bare-child.ts'
import { ROUNDS } from '../rounds.ts'
import { formatRatio, median, ratioOf } from '../stats.ts'
import { atMost, presentTable, showProgress, type Outcome, type Suite } from '../suite.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const NPM = join(ROOT, 'node_modules/npm/bin/npm-cli.js')
/** starts of each kind in a round */
const STARTS = 7
const RATIO = 'start of a prepared package against the plain one, the slower of both servers'
const CACHE_RATIO = 'start with the compile cache alone, the slower of both servers'

export const PREPARED: Suite = {
  name: 'prepared',
  about: `spawn → first tool result of two npm servers: plain; with Node's compile cache; prepared as \`mcphub image\` does; median of ${STARTS} starts a round`,
  bars: [atMost(RATIO, 0.88), atMost(CACHE_RATIO, 0.88)],
  run: runPrepared,
}

interface Server {
  readonly name: string
  readonly args: readonly string[]
  readonly call: object
}

const SERVERS: readonly Server[] = [
  { name: 'everything', args: ['stdio'], call: { name: 'echo', arguments: { message: 'x' } } },
  { name: 'filesystem', args: ['/tmp'], call: { name: 'list_allowed_directories', arguments: {} } },
]
const KINDS = ['plain', 'cached', 'prepared'] as const
type Kind = (typeof KINDS)[number]

interface Start {
  readonly program: string
  readonly env: Readonly<Record<string, string>>
}

/** Installed as in a cluster, then prepared as in an image. */
function install({ name, args }: Server, folder: string): Readonly<Record<Kind, Start>> {
  const packageDir = join(folder, name)
  mkdirSync(packageDir)
  const checkFile = join(folder, `${name}.json`)
  writeFileSync(checkFile, JSON.stringify({ args, env: {} }))
  const npm = { name: `@modelcontextprotocol/server-${name}`, version: '2026.8.31' }
  const env = {
    ...process.env,
    MCPHUB_PACKAGE: JSON.stringify({ npm }),
    MCPHUB_PACKAGE_DIR: packageDir,
    MCPHUB_CHECK_FILE: checkFile,
    MCPHUB_NPM_CLI: NPM,
    MCPHUB_BUNDLER_DIR: join(folder, `${name}-bundler`),
    TMPDIR: folder,
  }
  const script = (path: string): string =>
    execFileSync(process.execPath, [join(ROOT, 'images', path)], { env, encoding: 'utf8' })
  script('installer/main.ts')
  script('prepare/fetch-bundler.ts')
  const said = script('prepare/main.ts')
  if (!said.startsWith('bundled')) throw new Error(`${name} was not prepared: ${said}`)
  const plain = join(packageDir, 'app/node_modules', npm.name, 'dist/index.js')
  return {
    plain: { program: plain, env: {} },
    cached: { program: plain, env: { NODE_COMPILE_CACHE: join(folder, `${name}-cache`) } },
    prepared: { program: join(packageDir, 'server'), env: { NODE_COMPILE_CACHE: join(packageDir, '.compile-cache') } },
  }
}

async function measureStart({ args, call }: Server, { program, env }: Start): Promise<number> {
  const from = performance.now()
  const child = new BareChild(process.execPath, [program, ...args], env)
  await child.initialize()
  const answer = await child.request('tools/call', call)
  const ms = performance.now() - from
  if (!answer.includes('"content"')) throw new Error(`no result: ${answer.slice(0, 300)}`)
  // Node writes its compile cache when the process ends by itself
  await child.close()
  return ms
}

async function measureRound(server: Server, starts: Readonly<Record<Kind, Start>>): Promise<Record<Kind, number>> {
  const taken: Record<Kind, number[]> = { plain: [], cached: [], prepared: [] }
  for (let n = 0; n < STARTS; n++) {
    for (const kind of KINDS) taken[kind].push(await measureStart(server, starts[kind]))
  }
  return { plain: median(taken.plain), cached: median(taken.cached), prepared: median(taken.prepared) }
}

async function measureServer(server: Server, folder: string): Promise<readonly Record<Kind, number>[]> {
  const starts = install(server, folder)
  const rounds: Record<Kind, number>[] = []
  // the first round fills the compile cache and the page cache
  for (let round = 0; round <= ROUNDS; round++) {
    const taken = await measureRound(server, starts)
    if (round > 0) rounds.push(taken)
    showProgress(`${PREPARED.name}: ${server.name}, round ${round} of ${ROUNDS}`)
  }
  return rounds
}

async function runPrepared(): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-prepared-'))
  const rows: string[][] = []
  const ratios: Record<Kind, number[]> = { plain: [], cached: [], prepared: [] }
  try {
    for (const server of SERVERS) {
      const rounds = await measureServer(server, folder)
      const of = (kind: Kind): number[] => rounds.map((round) => round[kind])
      for (const kind of KINDS) {
        const ratio = ratioOf(of(kind), of('plain'))
        rows.push([server.name, kind, median(of(kind)).toFixed(0), formatRatio(ratio)])
        ratios[kind].push(ratio.median)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    table: presentTable(['server', 'package', 'start to first tool result ms', 'ratio'], rows),
    reached: { [RATIO]: Math.max(...ratios.prepared), [CACHE_RATIO]: Math.max(...ratios.cached) },
  }
}
