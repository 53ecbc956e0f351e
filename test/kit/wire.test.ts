// What the tests' own client does when the hub ends an idle connection: whoever sends on it is told, and waits for nothing.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { until } from './wait-until.ts'
import { buildBare, WireConnection } from './wire.ts'

test('a request on a connection that was ended meanwhile fails at once', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  await once(server, 'listening')
  const connection = new WireConnection((server.address() as AddressInfo).port)
  const [socket] = await accepted
  expect(connection.isClosed).toBe(false)
  socket.end()
  await until(() => Promise.resolve(expect(connection.isClosed).toBe(true)))
  await expect(connection.send(buildBare('GET', '/', {}))).rejects.toThrow('connection closed')
  connection.close()
  server.close()
})
