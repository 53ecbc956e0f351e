// Which servers may have pods, and the sentence that says what to do where one may not.
import { mcpServerSpec } from '@mcphub/api'
import { expect, test } from 'vitest'
import type { ServerObject } from '../resources.ts'
import { checkAccepted, checkImage, findServerFault, type ServerSettings } from './checks.ts'

const IMAGE = `registry.example/team/x@sha256:${'0'.repeat(64)}`
const server = (spec: object, labels: Record<string, string> = {}): ServerObject => ({
  metadata: { namespace: 'x', name: 'a', uid: 'u', resourceVersion: '1', labels },
  spec: mcpServerSpec.parse(spec),
})
const image = (more: object = {}): object => ({ type: 'Stdio', stdio: { image: IMAGE, command: ['/x'], ...more } })
const ofPackage = (more: object = {}): object => ({
  type: 'Stdio',
  stdio: { package: { npm: { name: 'x', version: '1.0.0' } }, ...more },
})
const settings = (more: { allowedImages?: string[]; cidrs?: string[] } = {}): ServerSettings => ({
  allowedImages: more.allowedImages ?? [],
  registry: { url: null, cidrs: more.cidrs ?? [], secret: null, httpsProxy: null, noProxy: null },
})

test.each<[string, ServerObject, string, RegExp]>([
  [
    'a rule of the hub',
    server(image({ env: [{ name: 'HOME', value: '/' }] })),
    'Invalid',
    /^spec\.stdio\.env\[0\]\.name: .*remove it$/,
  ],
  [
    'a reserved label',
    server(image(), { 'mcphub.io/user-hash': 'x' }),
    'Invalid',
    /^metadata\.labels\.mcphub\.io\/user-hash: .*choose another$/,
  ],
  [
    'many at once',
    server(image({ env: Array.from({ length: 8 }, (_, i) => ({ name: `MCPHUB_${i}`, value: '' })) })),
    'Invalid',
    /and 3 more$/,
  ],
  [
    'a type that is not built',
    server({ type: 'OpenApi', openApi: {} }),
    'TypeNotBuilt',
    /type OpenApi; .*Remote or Stdio/,
  ],
  ['another one', server({ type: 'Builtin', builtin: {} }), 'TypeNotBuilt', /type Builtin; /],
  [
    'an install that reaches no registry',
    server(ofPackage()),
    'RegistryClosed',
    /egress\.mode None .*registry\.cidrs, or use an image/,
  ],
])('not accepted: %s', (_what, object, reason, message) => {
  const verdict = checkAccepted(object, settings())
  expect(verdict).toMatchObject({ holds: false, reason })
  expect(verdict.message).toMatch(message)
  expect(findServerFault(object, settings())).toEqual(verdict)
})

test.each<[string, ServerObject, ServerSettings]>([
  ['an image', server(image()), settings()],
  ['what Helm and Argo CD label', server(image(), { 'app.kubernetes.io/managed-by': 'Helm' }), settings()],
  ['a package with a registry', server(ofPackage()), settings({ cidrs: ['10.0.0.0/8'] })],
  ['a package with the internet', server(ofPackage({ egress: { mode: 'Internet' } })), settings()],
  [
    'a remote server',
    server({ type: 'Remote', remote: { url: 'https://a.example/' } }),
    settings({ allowedImages: ['x/'] }),
  ],
])('accepted: %s', (_what, object, given) => {
  expect(checkAccepted(object, given)).toMatchObject({ holds: true, reason: 'Valid' })
  expect(findServerFault(object, given)).toBeNull()
})

test.each<[string, ServerObject, string[], boolean, string]>([
  ['any image without a list', server(image()), [], true, 'Allowed'],
  ['one of the list', server(image()), ['other.example', 'registry.example/team'], true, 'Allowed'],
  ['a name that only begins alike', server(image()), ['registry.example/te'], false, 'ImageNotAllowed'],
  ['a package: slower, and why', server(ofPackage()), ['other.example'], true, 'InstalledAtStart'],
])('images: %s', (_what, object, allowedImages, holds, reason) => {
  expect(checkImage(object, settings({ allowedImages }))).toMatchObject({ holds, reason })
})

test('an image that is not allowed is told with what is; a package with what is faster', () => {
  const allowedImages = ['ghcr.io/acme/']
  expect(checkImage(server(image()), settings({ allowedImages })).message).toMatch(
    /spec\.stdio\.image .*ghcr\.io\/acme\/; use such an image/,
  )
  expect(checkImage(server(ofPackage()), settings()).message).toMatch(/slower .*`mcphub image`/)
})
