import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const MODULE = new URL('./inherited-files.ts', import.meta.url).href
/** Lists the open files of a process it starts. */
const PROGRAM = (before: string) => `${before}
const { spawnSync } = await import('node:child_process')
process.stdout.write(spawnSync('/bin/ls', ['-l', '/proc/self/fd']).stdout)`

/** Started as by a shell that holds a file open at a high number. */
async function listFilesOfChild(before: string, profiled = false): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-files-'))
  const flags = profiled ? ['--perf-basic-prof', `--perf-basic-prof-path=${folder}`] : []
  const held = openSync(join(folder, 'held-by-the-starter'), 'w')
  try {
    const stdio = ['ignore', 'pipe', 'inherit', ...Array.from({ length: 60 }, () => 'ignore' as const), held] as const
    const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', PROGRAM(before)], {
      stdio: [...stdio],
    })
    let text = ''
    for await (const chunk of child.stdout!) text += String(chunk)
    return text
  } finally {
    closeSync(held)
    rmSync(folder, { recursive: true })
  }
}

test.runIf(process.platform === 'linux')('no file of whoever started the hub reaches a child of the hub', async () => {
  expect(await listFilesOfChild('')).toContain('held-by-the-starter')
  const closed = await listFilesOfChild(`(await import('${MODULE}')).closeInheritedFiles()`)
  expect(closed).toContain('/proc')
  expect(closed).not.toContain('held-by-the-starter')
})

test.runIf(process.platform === 'linux')(
  "the map that V8 writes for a profiler stays open: another file would take its number and V8's lines",
  async () => {
    const closed = await listFilesOfChild(`(await import('${MODULE}')).closeInheritedFiles()`, true)
    expect(closed).toMatch(/perf-\d+\.map/)
    expect(closed).not.toContain('held-by-the-starter')
  },
)
