import { expect, test } from 'vitest'
import { resolveCallHome } from './resolve-call-home.ts'

const URL = 'https://internal.hub.svc:8443/call-home'

test('the same address whatever order they come in, IPv4 first', async () => {
  const addresses = [
    { address: 'fd00::1', family: 6 },
    { address: '10.96.0.9', family: 4 },
    { address: '10.96.0.20', family: 4 },
  ]
  const asked: string[] = []
  const resolve = (host: string) => Promise.resolve(asked.push(host) > 0 ? addresses : [])
  expect(await resolveCallHome(URL, { resolve })).toBe('10.96.0.20')
  expect(await resolveCallHome(URL, { resolve: () => Promise.resolve(addresses.toReversed()) })).toBe('10.96.0.20')
  expect(asked).toEqual(['internal.hub.svc'])
})

test('a name that comes a moment later is waited for, one that never comes is none', async () => {
  let tries = 0
  const later = () =>
    ++tries < 3 ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve([{ address: '10.0.0.1', family: 4 }])
  expect(await resolveCallHome(URL, { resolve: later, retryMs: 1 })).toBe('10.0.0.1')
  expect(tries).toBe(3)
  expect(await resolveCallHome(URL, { resolve: () => Promise.resolve([]), retryMs: 1 })).toBeNull()
})
