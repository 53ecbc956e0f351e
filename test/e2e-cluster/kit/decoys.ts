// Addresses that do answer, on the network of the cluster's own node: that a pod does not reach an address where nobody listens shows nothing.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { run } from '../../cluster/commands.ts'

/** of every decoy */
export const DECOY_PORT = 80
/** of cloud machines: credentials of the node are to be had there */
export const METADATA = '169.254.169.254'
/** stands for the world outside; the cluster's network has no way to the real one */
export const PUBLIC = '1.1.1.1'
/** stands for another machine of the company */
export const PRIVATE = '192.168.77.7'

const link = (verb: 'replace' | 'del', address: string): Promise<string> =>
  run(['ip', 'address', verb, `${address}/32`, 'dev', 'lo'])

async function listen(address: string): Promise<Server> {
  await link('replace', address)
  // who has heard that it is open goes without a word
  const server = createServer((socket) => socket.on('error', () => undefined).end('here'))
  server.listen(DECOY_PORT, address)
  await once(server, 'listening')
  return server
}

/** All three answer whoever may reach them, until they are closed. The stories run in the cluster's own network: nobody else's is touched. */
export async function openDecoys(): Promise<() => Promise<void>> {
  const addresses = [METADATA, PUBLIC, PRIVATE]
  const servers = await Promise.all(addresses.map(listen))
  return async () => {
    for (const server of servers) server.close()
    await Promise.all(addresses.map((address) => link('del', address)))
  }
}
