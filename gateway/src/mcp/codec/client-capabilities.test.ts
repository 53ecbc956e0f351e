import { describe, expect, test } from 'vitest'
import { ALL_RELAYED, findLacking, keyOfRelayed, mayAsk, pickRelayed, reduceRelayed } from './client-capabilities.ts'

describe('SES-5: a client is asked only what it declared', () => {
  const form = { message: 'who?' }
  const url = { mode: 'url', url: 'https://example.com', message: 'open' }
  test.each([
    ['a form, of a client without modes', { elicitation: {} }, 'elicitation/create', form, null],
    ['a form, of a client with forms', { elicitation: { form: {} } }, 'elicitation/create', form, null],
    [
      'a form, of a client with URLs alone',
      { elicitation: { url: {} } },
      'elicitation/create',
      form,
      { elicitation: { form: {} } },
    ],
    ['a URL, of a client with URLs', { elicitation: { url: {} } }, 'elicitation/create', url, null],
    ['a URL, of a client without modes', { elicitation: {} }, 'elicitation/create', url, { elicitation: { url: {} } }],
    ['a form, of a client without any', { sampling: {} }, 'elicitation/create', form, { elicitation: { form: {} } }],
    ['a sample', { sampling: {} }, 'sampling/createMessage', { messages: [] }, null],
    [
      'a sample with tools, of a client without them',
      { sampling: {} },
      'sampling/createMessage',
      { tools: [] },
      { sampling: { tools: {} } },
    ],
    ['a sample with tools', { sampling: { tools: {} } }, 'sampling/createMessage', { tools: [] }, null],
    ['roots', { roots: {} }, 'roots/list', undefined, null],
    ['roots, of a client without them', {}, 'roots/list', undefined, { roots: {} }],
    ['what no client can be asked', ALL_RELAYED, 'tools/list', undefined, {}],
    ['a name every object has', ALL_RELAYED, 'constructor', undefined, {}],
  ])('%s', (_what, declared, method, params, lacking) => {
    expect(findLacking(declared, method, params)).toEqual(lacking)
  })
})

test('a server hears of nothing the hub does not carry', () => {
  const declared = { roots: {}, elicitation: { url: {} }, experimental: { x: 1 }, tasks: {} }
  expect(pickRelayed(declared)).toEqual({ roots: {}, elicitation: { url: {} } })
  expect(mayAsk('roots/list', declared)).toBe(true)
  expect(mayAsk('sampling/createMessage', declared)).toBe(false)
  expect(mayAsk('tools/list', ALL_RELAYED)).toBe(false)
})

test('clients with the same key declare the same; what a client writes beyond that makes no link of its own', () => {
  const declared = [
    {},
    { elicitation: {} },
    { elicitation: { form: {} } },
    { elicitation: { form: {}, url: {} } },
    { sampling: {} },
    { sampling: { tools: {} }, roots: {} },
    { roots: { listChanged: true } },
    { roots: {} },
  ]
  const keys = declared.map(keyOfRelayed)
  expect(new Set(keys).size).toBe(declared.length)
  expect(keys[0]).toBe('')
  const noisy = { elicitation: { form: { x: 'y'.repeat(1000) }, junk: {} }, tasks: {} }
  expect(keyOfRelayed(noisy)).toBe(keyOfRelayed({ elicitation: { form: {} } }))
  expect(reduceRelayed(noisy)).toEqual({ elicitation: { form: {} } })
  expect(declared.map(reduceRelayed)).toEqual(declared)
})
