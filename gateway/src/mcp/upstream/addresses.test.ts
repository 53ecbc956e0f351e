// Whom the hub talks to is chosen by the manifest alone: no value of a person and no way to write an address moves it elsewhere (NET-1).
import { describe, expect, test } from 'vitest'
import { HubError } from '@mcphub/api'
import { makeRemote, MemoryVariables } from '../../../../test/kit/upstream-world.ts'
import { checkRemoteUrl, expandRemote } from './expand.ts'

/** Every common way to write an IPv4 address. */
function writeV4(address: string): string[] {
  const parts = address.split('.').map(Number)
  const [a = 0, b = 0, c = 0, d = 0] = parts
  const whole = ((a * 256 + b) * 256 + c) * 256 + d
  const hex = (n: number) => `0x${n.toString(16)}`
  const octal = (n: number) => `0${n.toString(8)}`
  const pair = (n: number, m: number) => (n * 256 + m).toString(16)
  return [
    address,
    `${address}.`,
    String(whole),
    hex(whole),
    octal(whole),
    parts.map(hex).join('.'),
    parts.map(octal).join('.'),
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${hex(a)}.${octal(b)}.${c}.${d}`,
    address.replaceAll('.', '。'),
    address.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    address.replace(/\d/g, (digit) => String.fromCodePoint(0x1d7d8 + Number(digit))),
    `%${a.toString(16).padStart(2, '0')}.${b}.${c}.${d}`,
    `[::ffff:${address}]`,
    `[::ffff:${pair(a, b)}:${pair(c, d)}]`,
    `[0:0:0:0:0:ffff:${pair(a, b)}:${pair(c, d)}]`,
    `[64:ff9b::${address}]`,
    `[2002:${pair(a, b)}:${pair(c, d)}::]`,
    `[::${address}]`,
    `${address}.nip.io`,
    `${address}%00.example.com`,
    `user@${address}`,
    `${address}#@api.example.com`,
    `${address}?@api.example.com`,
    `${address}\\@api.example.com`,
  ]
}

const NAMES = ['localhost.', 'LOCALHOST', 'loopback', 'metadata.google.internal', 'kubernetes.default.svc', 'db']
const V6 = ['[::]', '[fe80::1]', '[fe80::1%25eth0]', '[fc00::1]', '[fd12:3456::1]', '[ff02::1]', '[0:0:0:0:0:0:0:1]']
const PRIVATE = [
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '127.0.0.1',
  '198.18.0.1',
]
const HOSTS = [...PRIVATE.flatMap(writeV4), ...NAMES, ...V6]
const SCHEMES = ['http:', 'https:', 'ftp:', 'file:', 'gopher:', 'ws:', 'unix:', 'data:', 'javascript:']
const TRICKS = [
  '//',
  '/\\',
  '\\\\',
  '/..//',
  '@',
  ':80@',
  '#@',
  '?@',
  '/%2f',
  '/%2e%2e/',
  '\u2028//',
  ';//',
  '%0d%0aHost: ',
]

/** Where the hub would go, or why it does not. */
function target(url: string, value: string): string {
  const variables = new MemoryVariables()
  variables.set('alice', 'USER_PLACE', value)
  const server = makeRemote('place', url, {}, { allowInUrl: true })
  try {
    return expandRemote(server, variables.resolve('alice', server).values).origin
  } catch (error) {
    if (error instanceof HubError) return error.code
    throw error
  }
}

test('the corpus is large enough to mean something', () => {
  expect(new Set(HOSTS).size).toBeGreaterThanOrEqual(200)
})

describe('NET-1: a value in a URL', () => {
  test.each([
    ['https://api.example.com/v1/${USER_PLACE}/mcp'],
    ['https://api.example.com/mcp?tenant=${USER_PLACE}'],
    ['https://api.example.com/${USER_PLACE}'],
  ])('NET-1: %s goes to its own host or nowhere, whatever the value', (url) => {
    const values = [...HOSTS, ...TRICKS.flatMap((trick) => ['10.0.0.1', 'evil.test'].map((host) => trick + host))]
    const reached = new Set(values.flatMap((value) => [target(url, value), target(url, `http://${value}/`)]))
    reached.delete('invalid_variable')
    expect([...reached]).toEqual(['https://api.example.com'])
  })

  test('NET-1: in the place of a host no address can be named', () => {
    const reached = new Set(HOSTS.map((value) => target('https://${USER_PLACE}.example.com/mcp', value)))
    for (const origin of reached) {
      expect(origin === 'invalid_variable' || origin === 'server_unavailable' || origin.endsWith('.example.com')).toBe(
        true,
      )
    }
  })
})

describe('NET-1: a URL in a manifest', () => {
  test('NET-1: plain http only to a loopback that is written as one, once the URL is read as it will be used', () => {
    const loose = HOSTS.flatMap((host) => {
      const url = URL.parse(`http://${host}/mcp`)
      if (url === null || checkRemoteUrl(url, false) !== null) return []
      return [url.hostname]
    })
    expect(new Set(loose)).toEqual(new Set(['127.0.0.1', 'localhost', '[::1]']))
  })

  test('NET-1: no other scheme, and no user name', () => {
    for (const scheme of SCHEMES) {
      const url = URL.parse(`${scheme}//api.example.com/mcp`)
      const isRefused = url === null || checkRemoteUrl(url, true) !== null
      expect(isRefused, scheme).toBe(scheme !== 'http:' && scheme !== 'https:')
    }
    for (const login of ['user@', 'user:word@', ':word@']) {
      expect(checkRemoteUrl(new URL(`https://${login}api.example.com/`), true)).toMatch(/user name or password/)
    }
  })
})
