// What is wrong with providers is asked now and then, not as often as somebody looks.
import { providerConfig } from '@mcphub/api'
import { expect, test } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { createProviderHealth } from './provider-health.ts'
import type { ProviderSetting } from './provider-settings.ts'

function make(label: string): ProviderSetting {
  const allow = { organisations: ['acme'] }
  const config = providerConfig.parse({ kind: 'github', label, clientId: 'Iv1', allow })
  return { ...config, id: label, secret: new Secret('canary'), source: 'config' }
}

test('one question in five minutes for each setting; another setting is asked at once', async () => {
  let now = 0
  let error = 'incorrect_client_credentials'
  const shown: (string | null)[] = []
  let list = [make('one'), make('two')]
  const look = createProviderHealth({
    settings: { list: () => list },
    ask: async (url, request) => {
      shown.push(new URLSearchParams(await new Request(url, request).text()).get('redirect_uri'))
      return Response.json({ error })
    },
    origin: 'https://hub.example',
    now: () => now,
  })
  const refused = 'it refuses client id and secret'
  expect(await look()).toEqual([
    { id: 'one', label: 'one', fault: refused },
    { id: 'two', label: 'two', fault: refused },
  ])
  error = 'bad_verification_code'
  now += 5 * 60_000 - 1
  expect((await look()).map(({ fault }) => fault)).toEqual([refused, refused])
  const addresses = ['https://hub.example/api/oauth/callback/one', 'https://hub.example/api/oauth/callback/two']
  expect(shown).toEqual(addresses)
  list = [list[0]!, make('two')]
  expect((await look()).map(({ fault }) => fault)).toEqual([refused, null])
  now += 1
  expect((await look()).map(({ fault }) => fault)).toEqual([null, null])
  expect(shown.slice(2)).toEqual(addresses.toReversed())
})
