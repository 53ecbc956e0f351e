// The installer of PyPI packages beside credentials: nothing of a package runs while it is installed. uv is played by a script that starts the
// venv's Python where uv does: before it unpacks, and after it where it is to compile.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'

const INSTALLER = join(import.meta.dirname, 'install.py')

let folder: string
const at = (...path: string[]): string => join(folder, ...path)

/** A line of a .pth file that begins with `import` runs whenever Python starts with `site`. */
const buildUv = (): string => `#!/usr/bin/env python3
import subprocess, sys
from pathlib import Path
verb, *rest = sys.argv[1:]
if verb == "venv":
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", rest[-1]], check=True)
else:
    python = rest[rest.index("--python") + 1]
    subprocess.run([python, "-I", "-c", ""], check=True)
    [site] = Path(python).parent.parent.glob("lib/python3*/site-packages")
    (site / "evil.pth").write_text("import os; open(${JSON.stringify(at('stolen')).replaceAll('"', "'")}, 'w').write(os.environ.get('NETRC', '?'))\\n")
    info = site / "probe-1.0.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: probe\\nVersion: 1.0.0\\n")
    (info / "entry_points.txt").write_text("[console_scripts]\\nprobe = probe:main\\n")
    (site / "probe.py").write_text("def main(): pass\\n")
    if "--compile-bytecode" in rest:
        subprocess.run([python, "-c", ""], check=True)
`

function install(): ReturnType<typeof spawnSync> {
  const env = {
    PATH: process.env['PATH'],
    HOME: at('tmp'),
    MCPHUB_PACKAGE: JSON.stringify({ pypi: { name: 'probe', version: '1.0.0' } }),
    MCPHUB_PACKAGE_DIR: at('package'),
    MCPHUB_REGISTRY_DIR: at('registry'),
    MCPHUB_LOCK_DIR: at('lock'),
    MCPHUB_TERMINATION_LOG: at('termination-log'),
    MCPHUB_UV: at('uv'),
  }
  return spawnSync('python3', [INSTALLER], { env, encoding: 'utf8' })
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-installer-'))
  for (const name of ['package', 'tmp', 'registry', 'lock']) mkdirSync(at(name))
  writeFileSync(at('registry/netrc'), 'machine registry.example login x password canary\n')
  writeFileSync(at('uv'), buildUv())
  chmodSync(at('uv'), 0o755)
  return () => rmSync(folder, { recursive: true, force: true })
})

test('a .pth file of a package does not run beside the credentials, and its modules are compiled all the same', () => {
  expect(install()).toMatchObject({ status: 0, stderr: '' })
  expect(existsSync(at('stolen'))).toBe(false)
  const names = readdirSync(at('package'), { recursive: true }).map(String)
  expect(names.filter((name) => /^lib\/.*\/probe\.[^/]*\.pyc$/.test(name))).toHaveLength(1)
  // it would have: the sandbox, where no credentials are, starts it so
  spawnSync(at('package/bin/python'), ['-c', ''])
  expect(readFileSync(at('stolen'), 'utf8')).toBe('?')
})

test('nor does one that a killed container left behind', () => {
  expect(install().status).toBe(0)
  expect(install()).toMatchObject({ status: 0, stderr: '' })
  expect(existsSync(at('stolen'))).toBe(false)
})
