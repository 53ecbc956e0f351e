// A PyPI of one package on loopback for tests: a wheel made on the spot, a stdio server of one tool in it, and its hash in the index.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PYPI_PACKAGE = { name: 'mcphub-test-probe', version: '1.0.0' } as const
const WHEEL = 'mcphub_test_probe-1.0.0-py3-none-any.whl'

const SERVER = `import json, sys

def main():
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"serverInfo": {"name": "python-probe"}}}), flush=True)
`
const FILES: Readonly<Record<string, string>> = {
  'mcphub_test_probe/__init__.py': SERVER,
  'mcphub_test_probe-1.0.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: mcphub-test-probe\nVersion: 1.0.0\n',
  'mcphub_test_probe-1.0.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  'mcphub_test_probe-1.0.0.dist-info/entry_points.txt': '[console_scripts]\nprobe-server = mcphub_test_probe:main\n',
}

/** A wheel is a zip archive whose RECORD names its files. */
function makeWheel(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-wheel-'))
  const record = 'mcphub_test_probe-1.0.0.dist-info/RECORD'
  const files = { ...FILES, [record]: [...Object.keys(FILES), record].map((path) => `${path},,\n`).join('') }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const tops = ['mcphub_test_probe', 'mcphub_test_probe-1.0.0.dist-info']
  execFileSync('python3', ['-m', 'zipfile', '-c', WHEEL, ...tops], { cwd: folder })
  const wheel = readFileSync(join(folder, WHEEL))
  rmSync(folder, { recursive: true })
  return wheel
}

export interface TestPypi {
  readonly url: string
  /** requirements.txt with the hash */
  readonly lock: string
  stop(): Promise<void>
}

export async function startPypi(): Promise<TestPypi> {
  const wheel = makeWheel()
  const hash = createHash('sha256').update(wheel).digest('hex')
  const page = `<!DOCTYPE html><a href="/files/${WHEEL}#sha256=${hash}">${WHEEL}</a>`
  const server = createServer((req, res) => {
    if (req.url === `/simple/${PYPI_PACKAGE.name}/`) res.writeHead(200, { 'content-type': 'text/html' }).end(page)
    else if (req.url === `/files/${WHEEL}`) res.writeHead(200).end(wheel)
    else res.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/simple/`,
    lock: `${PYPI_PACKAGE.name}==${PYPI_PACKAGE.version} --hash=sha256:${hash}\n`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
