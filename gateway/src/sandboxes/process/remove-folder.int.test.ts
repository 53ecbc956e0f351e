import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { removeFolder } from './remove-folder.ts'

const CHILD = 65_534
const FILES = 300
/** Swaps folders for links and back, as fast as it can. */
const SWAPPER = `
const fs = require('fs'), [place, precious] = process.argv.slice(1)
const attempt = (step) => { try { step() } catch {} }
fs.writeFileSync(place + '/swapping', '')
for (;;) for (let at = 0; at < 4; at++) {
  const path = place + '/folder' + at
  attempt(() => { fs.renameSync(path, path + '-real'); fs.symlinkSync(precious, path) })
  attempt(() => fs.unlinkSync(path))
  attempt(() => fs.renameSync(path + '-real', path))
}`

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'mcphub-remove-'))
  chmodSync(place, 0o711)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

test.runIf(process.getuid?.() === 0 && process.platform === 'linux')(
  'as root no folder that is swapped for a link while it is removed leads to what lies elsewhere',
  async () => {
    const precious = join(place, 'precious')
    mkdirSync(precious)
    for (let file = 0; file < 50; file++) writeFileSync(join(precious, `${file}`), 'of the hub')
    for (let round = 0; round < 4; round++) {
      const work = join(place, `work${round}`)
      mkdirSync(work)
      for (let at = 0; at < 4; at++) {
        mkdirSync(join(work, `folder${at}`))
        for (let file = 0; file < FILES; file++) writeFileSync(join(work, `folder${at}`, `${file}`), '')
        chownSync(join(work, `folder${at}`), CHILD, CHILD)
      }
      chownSync(work, CHILD, CHILD)
      const swapper = spawn(process.execPath, ['-e', SWAPPER, '--', work, precious], {
        uid: CHILD,
        gid: CHILD,
        stdio: 'ignore',
      })
      await waitUntil(() => existsSync(join(work, 'swapping')), 'the swapping')
      // it may put something back at the very end: then the folder stays for the next start
      await removeFolder(work).catch(() => undefined)
      const gone = new Promise((resolve) => swapper.once('exit', resolve))
      swapper.kill('SIGKILL')
      await gone
      expect(readdirSync(precious)).toHaveLength(50)
    }
  },
)

test('what is deep, locked, linked or named by no text goes too', async () => {
  const work = join(place, 'work')
  const precious = join(place, 'precious')
  mkdirSync(precious)
  mkdirSync(join(work, ...Array.from({ length: 300 }, () => 'deep')), { recursive: true })
  symlinkSync(precious, join(work, 'link'))
  mkdirSync(Buffer.from([...Buffer.from(join(work, 'odd')), 0xff, 0xfe]))
  mkdirSync(join(work, 'locked', 'inner'), { recursive: true })
  writeFileSync(join(work, 'locked', 'inner', 'file'), '')
  chmodSync(join(work, 'locked'), 0)
  await removeFolder(work)
  expect(readdirSync(place)).toEqual(['precious'])
  await removeFolder(work)
})
