// The cluster's API server on this machine's loopback: from there the cluster is one that the harness did not make, reached by its API server alone.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inNetwork, waitUntil } from './commands.ts'
import { exists } from './archive-cache.ts'
import { API_URL, KUBECONFIG } from './settings.ts'

/** Runs within the cluster's network and listens where both sides can: a socket file belongs to no network. */
const INNER = `
const { connect, createServer } = require('node:net')
const [socket, host, port] = process.argv.slice(1)
createServer((there) => {
  const here = connect({ host, port })
  there.pipe(here).pipe(there)
  there.on('error', () => here.destroy())
  here.on('error', () => there.destroy())
}).listen(socket)
process.stdin.resume().on('end', () => process.exit())`

export interface Outside {
  /** of an administrator, on loopback */
  readonly kubeconfig: string
  close(): Promise<void>
}

function passOn(there: Socket, file: string): void {
  const here = connect(file)
  there.pipe(here).pipe(there)
  there.on('error', () => here.destroy())
  here.on('error', () => there.destroy())
}

interface Way {
  /** on this machine's loopback */
  readonly port: number
  end(): void
}

async function openWay(folder: string, { hostname, port }: URL): Promise<Way> {
  const file = join(folder, 'socket')
  const [program = '', ...args] = inNetwork([process.execPath, '-e', INNER, file, hostname, port])
  const inner = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] })
  await waitUntil('the way out is open', () => exists(file), 10_000)
  const server = createServer((there) => passOn(there, file))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const end = (): void => {
    server.close()
    // it ends with its input
    inner.stdin.end()
  }
  return { port: (server.address() as AddressInfo).port, end }
}

/** Until `close`. @throws when no cluster is up */
export async function openOutside(): Promise<Outside> {
  const folder = await mkdtemp(join(tmpdir(), 'mcphub-outside-'))
  const { port, end } = await openWay(folder, new URL(API_URL))
  const text = await readFile(KUBECONFIG, 'utf8')
  const kubeconfig = join(folder, 'kubeconfig')
  // the API server's certificate names loopback, too
  await writeFile(kubeconfig, text.replaceAll(API_URL, `https://127.0.0.1:${port}`), { mode: 0o600 })
  return {
    kubeconfig,
    close: async () => {
      end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
