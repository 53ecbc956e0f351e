import { expect, test } from 'vitest'
import { splitLinks } from './text-links.ts'

const linksOf = (text: string) => splitLinks(text).flatMap(({ href }) => (href === null ? [] : [href]))

test('addresses become links, what ends the sentence stays outside, and no letter is lost', () => {
  const text = 'Make one at https://example.com/tokens?a=1 (or http://wiki.internal:8080/a).'
  expect(splitLinks(text)).toEqual([
    { text: 'Make one at ', href: null },
    { text: 'https://example.com/tokens?a=1', href: 'https://example.com/tokens?a=1' },
    { text: ' (or ', href: null },
    { text: 'http://wiki.internal:8080/a', href: 'http://wiki.internal:8080/a' },
    { text: ').', href: null },
  ])
  expect(splitLinks('Settings of the calendar')).toEqual([{ text: 'Settings of the calendar', href: null }])
  expect(splitLinks('')).toEqual([])
})

test.each([
  'javascript:alert(1)',
  'data:text/html,<b>x</b>',
  'xhttps//example.com',
  'https://',
  'https://bank.example@evil.example/',
  'https://name:word@evil.example/',
  // other letters than they seem: a slash that is none, Cyrillic, one that turns the line, one that nobody sees
  'https://github.com\u2044settings.evil.example/x',
  'https://g\u0456thub.com/settings/tokens',
  'https://evil.example/\u202Emoc.buhtig',
  'https://git\u200Bhub.com/',
])('%s is no link, and is shown as it is', (text) => {
  expect(linksOf(text)).toEqual([])
  expect(
    splitLinks(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})

test('an address ends where markup or a quote begins', () => {
  expect(linksOf('"https://a.example/x"><script>')).toEqual(['https://a.example/x'])
})
