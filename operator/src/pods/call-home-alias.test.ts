// A pod knows where to call home without asking anybody.
import { effectiveLimits } from '@mcphub/api'
import { expect, test } from 'vitest'
import { POD_SETTINGS, makeServerSpec } from '../testing/objects.ts'
import { buildPod, templateHash, type PodTemplate } from './build-pod.ts'
import type { PodSettings } from './settings.ts'

const template = (settings: Partial<PodSettings>): PodTemplate => ({
  server: { name: 'a', stdio: makeServerSpec().stdio! },
  limits: effectiveLimits([]),
  settings: { ...POD_SETTINGS, ...settings },
})
const aliases = (settings: Partial<PodSettings>): unknown =>
  (buildPod(template(settings), { kind: 'pool', uid: 'u', suffix: 'abcde' })['spec'] as { hostAliases?: unknown })
    .hostAliases

test.each<[string, Partial<PodSettings>, unknown]>([
  [
    'the host of the URL has the address',
    { callHomeUrl: 'https://internal.hub.svc:8443/x', callHomeIp: '10.96.0.7' },
    [{ ip: '10.96.0.7', hostnames: ['internal.hub.svc'] }],
  ],
  ['an unknown address is none', { callHomeIp: null }, undefined],
  ['an address needs no name', { callHomeUrl: 'https://10.1.2.3:8443/x', callHomeIp: '10.1.2.3' }, undefined],
  ['nor does one of IPv6', { callHomeUrl: 'https://[fd00::1]:8443/x', callHomeIp: 'fd00::1' }, undefined],
])('%s', (_what, settings, expected) => expect(aliases(settings)).toEqual(expected))

test('another address makes another pod', () => {
  expect(templateHash(template({ callHomeIp: '10.0.0.1' }))).not.toBe(
    templateHash(template({ callHomeIp: '10.0.0.2' })),
  )
})
