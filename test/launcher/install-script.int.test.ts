// scripts/install.sh on machines that lack something: one sentence and its fix; and no work when all is there.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { CLONE, makeFolder } from './harness.ts'

interface Machine {
  readonly clone: string
  run(): { status: number | null; output: string }
  /** puts a program of a few shell lines on the PATH */
  addProgram(name: string, script: string): void
}

/** A machine whose PATH holds the tools of every POSIX system and nothing else. */
function makeMachine(): Machine {
  const folder = makeFolder(0o755)
  const bin = path.join(folder, 'bin')
  const clone = path.join(folder, 'clone')
  mkdirSync(bin)
  mkdirSync(clone)
  for (const tool of ['cat', 'cksum', 'dirname', 'mkdir', 'uname', 'rm', 'sh']) {
    symlinkSync(
      execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
      path.join(bin, tool),
    )
  }
  for (const file of ['package-lock.json', '.npmrc', 'scripts'])
    cpSync(path.join(CLONE, file), path.join(clone, file), { recursive: true })
  return {
    clone,
    run: () => {
      const { status, stdout, stderr } = spawnSync(path.join(clone, 'scripts/install.sh'), {
        env: { PATH: bin },
        encoding: 'utf8',
      })
      return { status, output: `${stdout}${stderr}` }
    },
    addProgram: (name, script) => {
      writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`)
      chmodSync(path.join(bin, name), 0o755)
    },
  }
}

const NODE_20 = 'case "$1" in -e) exit 0 ;; *) echo v20.20.2 ;; esac'
/** npm ci as far as the script sees it: node_modules made anew, with the pinned Node in it */
const NPM = `[ "$1" = ci ] || exit 1
rm -rf node_modules && mkdir -p node_modules/.bin && echo ran >>npm-runs
[ -z "$(cat no-node 2>/dev/null)" ] || exit 0
printf '#!/bin/sh\\nexit %s\\n' "$(cat node-exit 2>/dev/null || echo 0)" >node_modules/.bin/node
chmod +x node_modules/.bin/node`

test('without npm', () => {
  const { status, output } = makeMachine().run()
  expect(status).toBe(1)
  expect(output).toContain('npm is not installed.\nInstall Node 20 or later with npm')
})

test('with a Node that is too old', () => {
  const machine = makeMachine()
  machine.addProgram('npm', NPM)
  machine.addProgram('node', 'case "$1" in -e) exit 1 ;; *) echo v16.20.0 ;; esac')
  expect(machine.run().output).toContain('npm runs on Node v16.20.0, which is too old.')
})

test('installs once per lock file, and again after a run that was cut short', () => {
  const machine = makeMachine()
  machine.addProgram('node', NODE_20)
  machine.addProgram('npm', NPM)
  machine.addProgram('chmod', 'exec /bin/chmod "$@"')
  const countRuns = (): number => readFileSync(path.join(machine.clone, 'npm-runs'), 'utf8').trim().split('\n').length
  expect(machine.run()).toEqual({ status: 0, output: expect.stringContaining('Installing') })
  expect(machine.run()).toEqual({ status: 0, output: '' })
  expect(countRuns()).toBe(1)
  writeFileSync(path.join(machine.clone, 'package-lock.json'), '{}')
  expect(machine.run().status).toBe(0)
  expect(countRuns()).toBe(2)
  machine.addProgram('npm', 'rm -rf node_modules && mkdir node_modules && exit 1')
  writeFileSync(path.join(machine.clone, 'package-lock.json'), '{ }')
  expect(machine.run().output).toContain('npm ci did not finish')
  expect(existsSync(path.join(machine.clone, 'node_modules/.mcphub-install'))).toBe(false)
  machine.addProgram('npm', NPM)
  expect(machine.run().status).toBe(0)
  expect(countRuns()).toBe(3)
})

test('where npm has no Node for the platform, or one that does not run', () => {
  const machine = makeMachine()
  machine.addProgram('node', NODE_20)
  machine.addProgram('npm', NPM)
  machine.addProgram('chmod', 'exec /bin/chmod "$@"')
  writeFileSync(path.join(machine.clone, 'no-node'), 'yes')
  expect(machine.run().output).toContain('npm has no Node 26 for this platform')
  writeFileSync(path.join(machine.clone, 'no-node'), '')
  writeFileSync(path.join(machine.clone, 'node-exit'), '127')
  expect(machine.run().output).toContain('does not run on this system')
})
