// A half-finished install is mended by the real npm, from a tarball, so that no registry is needed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { checkInstall, checkNode, mendInstall } from './install-check.ts'

let clone = ''
/** a cache of its own: nothing of the person's is read or written */
let env: Record<string, string | undefined> = {}

function makeClone(): void {
  clone = mkdtempSync(path.join(tmpdir(), 'mcphub-install-'))
  onTestFinished(() => rmSync(clone, { recursive: true, force: true }))
  env = { ...process.env, npm_config_cache: path.join(clone, 'cache') }
  const part = path.join(clone, 'part')
  mkdirSync(part)
  writeFileSync(path.join(part, 'package.json'), '{ "name": "part", "version": "1.2.3" }')
  const npm = (args: readonly string[]): string =>
    execFileSync('npm', args, { cwd: clone, env, encoding: 'utf8', stdio: 'pipe' })
  npm(['pack', './part', '--silent'])
  const dependencies = { part: 'file:part-1.2.3.tgz' }
  writeFileSync(path.join(clone, 'package.json'), JSON.stringify({ name: 'whole', version: '1.0.0', dependencies }))
  npm(['install', '--package-lock-only', '--offline', '--no-audit'])
}

describe('checkInstall', () => {
  beforeEach(makeClone)

  test('tells absent, whole, incomplete and outdated', () => {
    expect(checkInstall(clone)).toBe('an earlier install did not finish')
    mendInstall(clone, env)
    expect(checkInstall(clone)).toBe(null)
    rmSync(path.join(clone, 'node_modules/part'), { recursive: true })
    expect(checkInstall(clone)).toBe('node_modules/part is missing')
    const file = path.join(clone, 'package-lock.json')
    const newer = {
      packages: {
        'node_modules/part': { version: '1.2.4' },
        'node_modules/other': { version: '1.0.0', optional: true },
      },
    }
    writeFileSync(file, JSON.stringify(newer))
    expect(checkInstall(clone)).toBe('node_modules/part is not the version of the lock file')
  })
})

describe('mendInstall', () => {
  beforeEach(makeClone)

  test('brings back what is missing', () => {
    mkdirSync(path.join(clone, 'node_modules'))
    mendInstall(clone, env)
    expect(existsSync(path.join(clone, 'node_modules/part/package.json'))).toBe(true)
    expect(existsSync(path.join(clone, 'node_modules/.mcphub-install'))).toBe(false)
  })

  test('keeps the stamp of scripts/install.sh, so that the next start installs nothing', () => {
    mkdirSync(path.join(clone, 'node_modules'))
    writeFileSync(path.join(clone, 'node_modules/.mcphub-install'), 'stamp')
    mendInstall(clone, env)
    expect(readFileSync(path.join(clone, 'node_modules/.mcphub-install'), 'utf8')).toBe('stamp')
  })

  test('says in one sentence why it cannot', () => {
    rmSync(path.join(clone, 'part-1.2.3.tgz'))
    rmSync(path.join(clone, 'cache'), { recursive: true })
    expect(() => mendInstall(clone, env)).toThrow(/`npm ci` could not mend it: .+/)
    expect(() => mendInstall(clone, { PATH: '/nowhere' })).toThrow('npm did not run')
  })
})

describe('checkNode', () => {
  test.each(['20.20.2', '24.21.0', '26.3.1'])('refuses %s', (version) => {
    expect(() => checkNode(version)).toThrow(`This is Node ${version}; the hub needs 26.4 or later.`)
  })

  test.each(['26.4.0', '26.10.0', '27.0.0'])('takes %s', (version) => {
    expect(() => checkNode(version)).not.toThrow()
  })
})
