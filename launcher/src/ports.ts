// Whether the port is free, asked before anything slow is started.
import { createServer } from 'node:net'
import { readErrno, StartFault } from './start-fault.ts'

const LOOPBACK = ['127.0.0.1', '::1']

/** @throws StartFault when an address has the port taken or forbidden; an address this machine lacks is the gateway's to judge */
export async function checkPort(port: number, hosts: readonly string[]): Promise<void> {
  if (port === 0) return
  for (const host of hosts.length > 0 ? hosts : LOOPBACK) {
    const errno = await tryListening(port, host)
    if (errno === 'EADDRINUSE') throw explainTaken(port)
    if (errno === 'EACCES') {
      throw new StartFault(
        `Port ${port} needs more rights than this account has.`,
        'Choose one above 1023: make run PORT=3000',
      )
    }
  }
}

export function explainTaken(port: number): StartFault {
  return new StartFault(
    `Port ${port} is taken by another program.`,
    `End that program, or choose another port: make run PORT=${port < 65_535 ? port + 1 : 3000}`,
  )
}

async function tryListening(port: number, host: string): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(readErrno(error)))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
