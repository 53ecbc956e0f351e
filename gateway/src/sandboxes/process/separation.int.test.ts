import { execFile } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterEach, describe, expect, test } from 'vitest'
import { makeDataDir } from '../../../../test/kit/hostile-sandboxes.ts'
import {
  BOBS_TOKEN,
  HUB_SECRET,
  type NeighbourReport,
  reportNeighbours,
} from '../../../../test/kit/hostile-neighbours.ts'

const KIT = new URL('../../../../test/kit/', import.meta.url).pathname
const isRoot = process.getuid?.() === 0
/** `nobody` on every Linux; the account exists, it is only used */
const NOBODY = 65_534

const folders: string[] = []
const keep = (folder: string): string => {
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** The same scenario as an ordinary user: one bundled file and a node that this user can reach, wherever the clone lies. */
async function reportAsNobody(): Promise<NeighbourReport> {
  const place = keep(mkdtempSync(join(tmpdir(), 'mcphub-nobody-')))
  const [program, nodePath, hostileChild] = ['neighbours.mjs', 'node', 'hostile-child.ts'].map((name) =>
    join(place, name),
  )
  await build({
    entryPoints: [join(KIT, 'hostile-neighbours.ts')],
    outfile: program!,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  copyFileSync(process.execPath, nodePath!)
  copyFileSync(join(KIT, 'hostile-child.ts'), hostileChild!)
  for (const path of [place, nodePath!]) chmodSync(path, 0o755)
  const dataDir = keep(makeDataDir())
  if (isRoot) chownSync(dataDir, NOBODY, NOBODY)
  const options = { cwd: place, env: { TMPDIR: tmpdir() }, ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}) }
  return new Promise((resolve, reject) => {
    execFile(nodePath!, [program!, dataDir, nodePath!, hostileChild!], options, (fault, stdout, stderr) => {
      if (fault) reject(new Error(`the scenario failed: ${stderr}`))
      else resolve(JSON.parse(stdout) as NeighbourReport)
    })
  })
}

function expectNothingOfOthers(report: NeighbourReport): void {
  const { otherFolders, ...attempts } = report.attempts
  // in a private root the one entry is her own folder
  const own = report.alice.env['HOME']?.split('/').at(-2)
  if (otherFolders?.error === undefined) expect(otherFolders?.result).toEqual([own])
  const got = Object.entries(attempts).filter(([, answer]) => answer.error === undefined)
  expect(got.map(([name]) => name)).toEqual(['bobLives'])
  expect(JSON.stringify(report.attempts)).not.toContain(BOBS_TOKEN)
  expect(JSON.stringify(report.seen)).not.toContain(HUB_SECRET)
  for (const { environ } of report.seen) expect(environ ?? '').not.toContain(BOBS_TOKEN)
}

describe('a hostile child beside another user’s', () => {
  test.runIf(isRoot)('as root it has a uid and a root folder of its own and gets nothing', async () => {
    const report = await reportNeighbours({ dataDir: keep(makeDataDir()), nodePath: process.execPath })
    expect(report.kind).toBe('Uid')
    expect(report.message).toContain('private root')
    expectNothingOfOthers(report)
    expect([report.seen, report.sharedMemory]).toEqual([[], 0])
    expect(report.alice.uid).toBeGreaterThan(1_000)
    expect(report.alice.uid).not.toBe(report.bobUid)
    expect(report.alice.groups).toEqual([report.alice.uid])
  })

  test.runIf(isRoot)('as root where no private root can be made its uid alone keeps it out', async () => {
    const report = await reportNeighbours({
      dataDir: keep(makeDataDir()),
      nodePath: process.execPath,
      without: ['jail'],
    })
    expect(report.kind).toBe('Uid')
    expect(report.message).toContain('command lines of other processes are visible')
    const { bobsCommandLine, ...rest } = report.attempts
    expect(bobsCommandLine?.error).toBeUndefined()
    expectNothingOfOthers({ ...report, attempts: rest })
    expect(report.alice.uid).not.toBe(report.bobUid)
  })

  test('as an ordinary user its namespaces keep it out, or the hub says that nothing does', async () => {
    const report = await reportAsNobody()
    if (report.kind === 'ProcessOnly') {
      expect(report.message).toContain('separated by process only')
      return
    }
    expect(report.kind).toBe('Namespaces')
    expectNothingOfOthers(report)
    expect([report.seen, report.sharedMemory]).toEqual([[], 0])
    expect(report.alice.uid).toBe(report.bobUid)
  })

  test('SEC-8: the environment is an allow-list without anything of the hub', async () => {
    const report = isRoot
      ? await reportNeighbours({ dataDir: keep(makeDataDir()), nodePath: process.execPath })
      : await reportAsNobody()
    expect(Object.keys(report.alice.env).toSorted()).toEqual(['HOME', 'LANG', 'MCPHUB_SANDBOX', 'PATH', 'TMPDIR'])
    expect(JSON.stringify(report.alice.env)).not.toContain(HUB_SECRET)
  })
})
