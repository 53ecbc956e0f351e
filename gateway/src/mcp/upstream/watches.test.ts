import { expect, test } from 'vitest'
import { HubError } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { LinkBase } from './link.ts'
import type { LinkOwner } from './upstreams.ts'
import { Watches } from './watches.ts'

class FakeLink {
  isClosed = false
  readonly held: string[] = []
  readonly asked = Promise.withResolvers<void>()
  readonly agreed = Promise.withResolvers<void>()

  async watch(topic: string): Promise<void> {
    this.held.push(topic)
    this.asked.resolve()
    await this.agreed.promise
  }
  unwatch(topic: string): void {
    this.held.splice(this.held.indexOf(topic), 1)
  }
  onGap(): void {}
}

const SERVER = { name: 'a' } as CatalogServer
const OWNER = { principal: { userId: 'alice', keyId: 'k' }, sessionId: null } as unknown as LinkOwner
const URI = 'a://x'

function openWatches(links: FakeLink[]) {
  let opened = 0
  const watches: Watches = new Watches({
    linkFor: async () => links[opened++]! as unknown as LinkBase,
    findServer: () => SERVER,
    log: { debug: () => undefined },
  })
  return { watches, opened: () => opened }
}

test('a link that is replaced while it is being asked: the watch moves to the next one', async () => {
  const [first, second] = [new FakeLink(), new FakeLink()]
  const { watches } = openWatches([first, second])
  const adding = watches.add(OWNER, SERVER, URI)
  await first.asked.promise
  // as a link does that was retired: it closes with its last call, which is this one
  first.isClosed = true
  watches.onClosed(first as unknown as LinkBase)
  first.agreed.resolve()
  const release = await adding
  await second.asked.promise
  second.agreed.resolve()
  await expect.poll(() => second.held).toEqual([URI])
  release()
  await expect.poll(() => [second.held, watches.size]).toEqual([[], 0])
})

test('ID-4: whose key was revoked while a server was asked gets nothing, and nothing is opened for them again', async () => {
  const [first, second] = [new FakeLink(), new FakeLink()]
  const { watches, opened } = openWatches([first, second])
  const adding = watches.add(OWNER, SERVER, URI)
  await first.asked.promise
  watches.endWhere(({ principal }) => principal.userId === 'alice')
  first.agreed.resolve()
  await expect(adding).rejects.toThrow(HubError)
  expect([first.held, watches.size, opened()]).toEqual([[], 0, 1])
})
