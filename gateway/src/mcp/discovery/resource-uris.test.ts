import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildUriTable, mapResultUris } from './resource-uris.ts'

const table = buildUriTable([
  { server: 'a', uris: ['a://1', 'same://x', 'mcphub://b/eA'], templates: ['t://{x}/end', '{anything}', 'both://{x}'] },
  { server: 'b', uris: ['b://1', 'same://x'], templates: ['both://{y}'] },
])

const anyText = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 20 }).map((units) => String.fromCharCode(...units))

test('every URI of every server comes back to that server, whatever it is', () => {
  fc.assert(
    fc.property(
      anyText.map((text) => text.toWellFormed()),
      fc.constantFrom('a', 'b'),
      (uri, server) => {
        const exposed = table.expose(server, uri)
        if (/^https?:/i.test(exposed)) return
        expect(table.route(exposed)).toEqual({ server, uri })
      },
    ),
  )
  for (const uri of ['a://1', 'same://x', 'mcphub://b/eA', 't://q/end', 'unknown://z', 'both://q']) {
    expect(table.route(table.expose('a', uri))).toEqual({ server: 'a', uri })
    expect(table.route(table.expose('b', uri))).toEqual({ server: 'b', uri })
  }
})

test('a URI belongs to one server or to none', () => {
  expect(table.route('a://1')).toEqual({ server: 'a', uri: 'a://1' })
  expect(table.route('t://deep/er/end')).toEqual({ server: 'a', uri: 't://deep/er/end' })
  for (const uri of [
    'same://x',
    'both://q',
    'nobody://',
    'mcphub://',
    'mcphub://c/eA',
    'mcphub://a/',
    'mcphub://a/e A',
  ]) {
    expect(table.route(uri), uri).toBeNull()
  }
})

test('templates: unique ones pass, others are named after their server', () => {
  expect(table.exposeTemplate('a', 't://{x}/end')).toBe('t://{x}/end')
  const exposed = table.exposeTemplate('b', 'both://{y}')
  expect(table.routeTemplate(exposed)).toEqual({ server: 'b', uri: 'both://{y}' })
  expect(table.route(exposed.replace('{y}', '7'))).toEqual({ server: 'b', uri: 'both://7' })
  expect(table.routeTemplate('none://{z}')).toBeNull()
})

test('results are mapped where the protocol has URIs, nowhere else', () => {
  const result = {
    content: [
      { type: 'resource', resource: { uri: 'u', text: 'uri' } },
      { type: 'text', text: 'u' },
    ],
    messages: [{ role: 'user', content: { type: 'resource_link', uri: 'u' } }],
    contents: [{ uri: 'u', text: 'x', _meta: { ui: { resourceUri: 'u' } } }],
    structuredContent: { uri: 'u' },
    _meta: { 'ui/resourceUri': 'u' },
  }
  expect(mapResultUris(structuredClone(result), () => 'M')).toEqual({
    content: [
      { type: 'resource', resource: { uri: 'M', text: 'uri' } },
      { type: 'text', text: 'u' },
    ],
    messages: [{ role: 'user', content: { type: 'resource_link', uri: 'M' } }],
    contents: [{ uri: 'M', text: 'x', _meta: { ui: { resourceUri: 'M' } } }],
    structuredContent: { uri: 'u' },
    _meta: { 'ui/resourceUri': 'M' },
  })
})

test('a server that offers thousands of templates and answers with thousands of URIs holds nobody up', () => {
  const many = Array.from({ length: 2_000 }, (_, at) => at)
  const costly = many.map((at) => `aa${'{x}a'.repeat(30)}{x}q${at}`)
  const hostile = buildUriTable([
    { server: 'a', uris: ['aa://listed'], templates: [...costly, `aa${'{x}a'.repeat(500)}`] },
    {
      server: 'b',
      uris: many.map((at) => `aa${'a'.repeat(1_500)}${at}q${at}`),
      templates: many.map((at) => `bb{x}q${at}`),
    },
  ])
  const began = performance.now()
  for (const template of costly) {
    const exposed = hostile.exposeTemplate('a', template)
    expect(hostile.routeTemplate(exposed)).toEqual({ server: 'a', uri: template })
  }
  const expose = hostile.exposer('b')
  const exposed = Array.from({ length: 50_000 }, (_, at) => expose(`bb${at}q`))
  // many times as long when everything is compared with everything
  expect(performance.now() - began).toBeLessThan(1_500)
  expect(exposed.map((uri) => hostile.route(uri)?.uri).slice(-2)).toEqual(['bb49998q', 'bb49999q'])
  expect(expose('aa://listed')).toMatch(/^mcphub:/)
  expect(hostile.exposer('a')('aa://listed')).toBe('aa://listed')
  expect(hostile.exposeTemplate('a', `aa${'{x}a'.repeat(500)}`)).toMatch(/^mcphub:/)
})
