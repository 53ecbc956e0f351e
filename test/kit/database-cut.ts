// A database that can be taken away and given back: a socket in front of the real one. What was open breaks, what comes is refused.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface DatabaseCut {
  /** the same database, through the socket in front */
  readonly url: string
  cut(): void
  mend(): Promise<void>
  close(): Promise<void>
}

/** `url`: of a database on a local socket, as the tests' own are. */
export async function openDatabaseCut(url: string): Promise<DatabaseCut> {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  const port = query.get('port') ?? '5432'
  const real = `${query.get('host')}/.s.PGSQL.${port}`
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-cut-'))
  const open = new Set<Socket>()
  let server: Server | null = null
  const forward = (near: Socket): void => {
    const far = connect(real)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
  const mend = (): Promise<void> => {
    const next = createServer(forward)
    server = next
    return new Promise((resolve) => void next.listen(join(folder, `.s.PGSQL.${port}`), resolve))
  }
  const cut = (): void => {
    server?.close()
    server = null
    for (const socket of open) socket.destroy()
  }
  await mend()
  query.set('host', folder)
  return {
    url: `${url.slice(0, url.indexOf('?'))}?${query.toString()}`,
    cut,
    mend,
    async close() {
      cut()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
