// The official server of the project's samples as a real remote server on loopback.
import { spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { waitUntil } from './wait-until.ts'

const ENTRY = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js')

export interface Everything {
  readonly url: string
  stop(): void
}

export async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function startEverything(port?: number): Promise<Everything> {
  const at = port ?? (await findPort())
  const env = { PATH: process.env['PATH'], PORT: String(at) }
  const child = spawn(process.execPath, [ENTRY, 'streamableHttp'], { env, stdio: 'ignore' })
  const listens = async () => (await fetch(`http://127.0.0.1:${at}/none`).catch(() => null)) !== null
  await waitUntil(listens, 'server-everything listens', 20_000)
  return { url: `http://127.0.0.1:${at}/mcp`, stop: () => void child.kill('SIGKILL') }
}
