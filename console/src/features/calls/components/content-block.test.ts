import { describe, expect, test } from 'vitest'
import { presentBlock } from './content-block.ts'

describe('a block of an answer', () => {
  test.each<[string, { type: string; [member: string]: unknown }, object]>([
    [
      'text',
      { type: 'text', text: '<img src=x onerror=alert(1)>' },
      { kind: 'text', text: '<img src=x onerror=alert(1)>' },
    ],
    [
      'a picture',
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { kind: 'image', source: 'data:image/png;base64,AAAA' },
    ],
    [
      'a sound',
      { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
      { kind: 'file', name: 'result.wav', type: 'application/octet-stream' },
    ],
    ['a file of text', { type: 'resource', resource: { uri: 'file:///a', text: 'hi' } }, { kind: 'text', text: 'hi' }],
    [
      'a file of bytes',
      { type: 'resource', resource: { uri: 'file:///a', blob: 'AAAA' } },
      { kind: 'file', name: 'result' },
    ],
    [
      'a link',
      { type: 'resource_link', uri: 'https://x.test/a', name: 'A' },
      { kind: 'link', address: 'https://x.test/a', name: 'A', mayOpen: true },
    ],
    [
      'a link without words',
      { type: 'resource_link', uri: 'https://x.test/' },
      { kind: 'link', name: 'https://x.test/' },
    ],
    [
      'a kind of the future',
      { type: 'hologram', of: 1 },
      { kind: 'json', text: '{\n  "type": "hologram",\n  "of": 1\n}' },
    ],
  ])('%s', (_, block, expected) => {
    expect(presentBlock(block)).toMatchObject(expected)
  })

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'https://user:pw@x.test/',
    'cursor://x',
    'not an address',
  ])('CON-2: %s is text, not a link to follow', (uri) => {
    expect(presentBlock({ type: 'resource_link', uri, name: 'x' })).toMatchObject({ kind: 'link', mayOpen: false })
  })

  test.each([
    ['a picture that may hold script', { type: 'image', data: 'AAAA', mimeType: 'image/svg+xml' }],
    ['a picture with a type of its own making', { type: 'image', data: 'AAAA', mimeType: 'image/png,<script>' }],
    ['a page', { type: 'resource', resource: { blob: 'AAAA', mimeType: 'text/html' } }],
  ])('CON-2: %s is a file without a type', (_, block) => {
    expect(presentBlock(block)).toMatchObject({ kind: 'file', type: 'application/octet-stream' })
  })

  test('CON-2: a picture whose data is none is shown as it is', () => {
    expect(presentBlock({ type: 'image', data: 'x" onerror="y', mimeType: 'image/png' }).kind).toBe('json')
    for (const block of [{ type: 'text', text: 7 }, { type: 'resource' }, { type: 'resource_link', uri: 1 }]) {
      expect(presentBlock(block).kind).toBe('json')
    }
  })
})
