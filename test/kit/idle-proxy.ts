// A proxy as they stand before many hubs: it cuts every connection on which nothing was said for a while, in either direction.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface IdleProxy {
  readonly url: string
  /** connections it cut */
  readonly cut: number
  close(): Promise<void>
}

export async function openIdleProxy(target: string, idleMs: number): Promise<IdleProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let cut = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    let timer: NodeJS.Timeout | undefined
    const end = () => {
      clearTimeout(timer)
      for (const socket of [client, upstream]) socket.destroy()
    }
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        cut++
        end()
      }, idleMs)
    }
    heard()
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        heard()
        to.write(chunk)
      })
      from.on('error', end)
      from.on('close', end)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cut() {
      return cut
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
