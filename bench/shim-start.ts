// A shim by itself: how soon it calls home, what it holds while nobody attaches, how large it is.
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { issueCertificate, makeAuthority } from '../gateway/src/trust/certificates.ts'
import { BINARY } from '../test/kit/fake-pods.ts'
import { median } from './stats.ts'

export interface ShimFigures {
  /** spawn → its call home has come, median */
  readonly startMs: number
  /** bytes; median */
  readonly privateMemory: number
  /** bytes of the program */
  readonly size: number
}

const STARTS = 11
/** after its call home: what it needed for the start is given back or not */
const IDLE_MS = 500

export async function measureShim(): Promise<ShimFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-bench-shim-'))
  const authority = makeAuthority(Date.now())
  const { key, certificate } = issueCertificate(
    authority,
    { commonName: 'bench', names: ['localhost'], days: 1 },
    Date.now(),
  )
  const server = createServer({ key, cert: certificate })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  writeFileSync(join(folder, 'token'), 'bench-only')
  writeFileSync(join(folder, 'ca.crt'), authority.certificate)
  const { publicKey } = generateKeyPairSync('ed25519')
  writeFileSync(join(folder, 'keys.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
  const starts: number[] = []
  const held: number[] = []
  // the first one warms the page cache and this process
  for (let n = 0; n <= STARTS; n++) {
    const { startMs, privateMemory } = await startOnce(server, folder)
    if (n === 0) continue
    starts.push(startMs)
    held.push(privateMemory)
  }
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
  return { startMs: median(starts), privateMemory: median(held), size: statSync(BINARY).size }
}

async function startOnce(server: Server, folder: string): Promise<Pick<ShimFigures, 'startMs' | 'privateMemory'>> {
  const { port } = server.address() as AddressInfo
  const called = new Promise<number>((resolve) =>
    server.once('request', (request, response) => {
      resolve(performance.now())
      request.resume()
      response.writeHead(204).end()
    }),
  )
  const from = performance.now()
  const shim = spawn(BINARY, {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: {
      MCPHUB_POD_NAME: 'bench',
      MCPHUB_POD_UID: 'bench',
      MCPHUB_GATEWAY_URL: `https://localhost:${port}/internal/call-home`,
      MCPHUB_TOKEN_FILE: join(folder, 'token'),
      MCPHUB_CA_FILE: join(folder, 'ca.crt'),
      MCPHUB_KEYS_FILE: join(folder, 'keys.pem'),
      MCPHUB_LISTEN: '127.0.0.1:0',
      MCPHUB_DRAIN_MS: '0',
    },
  })
  const gone = new Promise((resolve) => shim.once('exit', resolve))
  const startMs = (await called) - from
  await wait(IDLE_MS)
  const privateMemory = readPrivate(shim.pid ?? 0)
  shim.kill('SIGKILL')
  await gone
  return { startMs, privateMemory }
}

/** What it alone has mapped, its own code included, in bytes. */
function readPrivate(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  return [...text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, [, kib]) => sum + Number(kib) * 1024, 0)
}
