import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeServer } from '../downstream/fake-world.ts'
import type { JsonObject } from '../upstream/upstreams.ts'
import type { Discovery } from './discovery-store.ts'
import { buildListing, type ListingEntry } from './listing.ts'

function entry(name: string, offered: Partial<Discovery>, prefix = name): ListingEntry {
  const server = { ...makeServer(name), prefix }
  const discovery: Discovery = {
    server: name,
    configHash: server.configHash,
    userId: null,
    revision: '2025-11-25',
    capabilities: {},
    serverInfo: null,
    instructions: null,
    tools: [],
    resources: [],
    resourceTemplates: [],
    prompts: [],
    discoveredAt: new Date(0),
    ...offered,
  }
  const note = { name, state: 'Ready', missing: [], message: null } as const
  return { grant: { server, allowsTool: () => true }, discovery, note }
}

const namesIn = (pages: readonly Buffer[]) => {
  const items = JSON.parse(`[${Buffer.concat(pages).toString()}]`) as JsonObject[]
  return items.map((item) => item['name'] as string)
}
const tools = (...names: string[]) => ({ tools: names.map((name) => ({ name, inputSchema: {} })) })

describe('listing', () => {
  test('the order does not depend on the order of discovery', () => {
    const [a, b] = [entry('a', tools('y', 'x')), entry('b', tools('z'))]
    expect(namesIn(buildListing([b, a], false).pages.tools)).toEqual(['a__y', 'a__x', 'b__z'])
    expect(buildListing([a, b], false).pages).toEqual(buildListing([b, a], false).pages)
  })

  test('SES-9: a + b-c and a-b + c, spaces, look-alikes and long names all get names of their own that lead back', () => {
    const hard = [
      'b-c',
      'read file',
      'read_file',
      'run(x)',
      'сору',
      'copy',
      'x'.repeat(300),
      'x'.repeat(301),
      'a.b',
      '__',
      '../..',
    ]
    const listing = buildListing([entry('a', tools(...hard)), entry('a-b', tools('c', ...hard))], false)
    const names = namesIn(listing.pages.tools)
    expect(new Set(names).size).toBe(hard.length * 2 + 1)
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,50}$/)
    const routed = [...listing.tools.values()].map(({ server, name }) => `${server.name} ${name}`)
    expect(new Set(routed).size).toBe(names.length)
    expect(listing.faults).toEqual([])
  })

  test('SES-9: whatever two servers call their tools, an exposed name means one of them', () => {
    const unit = fc.oneof(fc.nat(0xffff), fc.constantFrom(0x2d, 0x5f, 0x61))
    const text = fc.array(unit, { minLength: 1, maxLength: 60 }).map((units) => String.fromCharCode(...units))
    const names = fc.uniqueArray(text, { maxLength: 8 })
    fc.assert(
      fc.property(names, names, (first, second) => {
        const listing = buildListing([entry('a', tools(...first)), entry('a-b', tools(...second))], false)
        for (const [name, route] of listing.tools) {
          expect(name).toMatch(/^[A-Za-z0-9_-]{1,50}$/)
          expect(route.server.name === 'a' ? first : second).toContain(route.name)
        }
        expect(listing.tools.size).toBe(first.length + second.length)
      }),
    )
  })

  test('SES-9: two that would share a name are both refused and reported', () => {
    const listing = buildListing([entry('a', tools('x'), 'p'), entry('b', tools('x'), 'p')], false)
    expect(listing.tools.size).toBe(0)
    expect(listing.faults).toHaveLength(2)
  })

  test('bare names on the endpoint of one server, unless a client could not take them', () => {
    const listing = buildListing([entry('a', tools('a.b', 'read file'))], true)
    const [plain, altered] = namesIn(listing.pages.tools)
    expect(plain).toBe('a.b')
    expect(altered).toMatch(/^a__read_file_0[a-z2-7]{13}$/)
  })

  test('apps: the URI of a tool is mapped on the aggregate, and the discovery is left alone', () => {
    const meta = { ui: { resourceUri: 'ui://x' } }
    const offered = { tools: [{ name: 't', _meta: meta }], resources: [{ uri: 'ui://x', name: 'x' }] }
    const both = buildListing([entry('a', offered), entry('b', offered)], false)
    const [first] = JSON.parse(`[${both.pages.tools[0]!.toString()}]`)
    expect(first._meta.ui.resourceUri).toBe(`mcphub://a/${Buffer.from('ui://x').toString('base64url')}`)
    expect(meta.ui.resourceUri).toBe('ui://x')
    const alone = buildListing([entry('a', offered)], false)
    expect(alone.pages.tools[0]!.toString()).toContain('"resourceUri":"ui://x"')
  })

  test('items that are none are left out', () => {
    const odd = { tools: [{ name: 7 }, {}, { name: '' }] as JsonObject[], resources: [{ name: 'no uri' }] }
    const listing = buildListing([entry('a', odd)], false)
    expect([listing.toolCount, listing.pages.resources[0]!.length]).toEqual([0, 0])
  })
})
