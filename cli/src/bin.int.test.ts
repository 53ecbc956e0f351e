// The command as a person calls it: a link somewhere in PATH, a shell that knows only an old Node or none.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const BIN = path.resolve(import.meta.dirname, '../bin/mcphub')

test('works through links and without a Node in PATH', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcphub-bin-'))
  try {
    symlinkSync(BIN, path.join(folder, 'one'))
    symlinkSync('one', path.join(folder, 'mcphub'))
    const version = execFileSync(path.join(folder, 'mcphub'), ['--version'], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin' },
      encoding: 'utf8',
    })
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
