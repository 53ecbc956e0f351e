// The guides on logging in are true where a program can tell: what they show is what the chart takes and what the gateway reads.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type FieldFault, ROUTES } from '@mcphub/api'
import { parse, stringify } from 'yaml'
import { readProviderFile } from '../gateway/src/features/providers/provider-file.ts'
import { CHART, HELM, RELEASE, at, helm, render } from './chart/helm.ts'

const FOLDER = path.join(import.meta.dirname, '../docs/guides')
const GUIDES = readdirSync(FOLDER).filter((name) => /^login-.*\.md$/.test(name))

interface Block {
  readonly login: { readonly existingSecret: string; readonly providers: readonly { readonly id: string }[] }
}

const readGuide = (name: string): string => readFileSync(path.join(FOLDER, name), 'utf8')

function readBlock(name: string): Block {
  const blocks = [...readGuide(name).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!)
  expect(blocks).toHaveLength(1)
  return parse(blocks[0]!) as Block
}

/** As the gateway finds it: the list, and a file with a secret for each. */
function read(text: string, ids: readonly string[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcphub-guides-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(path.join(folder, 'secrets'))
  for (const id of ids) writeFileSync(path.join(folder, 'secrets', id), `secret-of-${id}\n`)
  writeFileSync(path.join(folder, 'providers.yaml'), text)
  const faults: FieldFault[] = []
  return { settings: readProviderFile(path.join(folder, 'providers.yaml'), faults), faults }
}

test('there is a guide for each that people ask for', () => {
  expect(GUIDES.sort()).toEqual(['entra-id', 'github', 'google', 'keycloak', 'okta'].map((name) => `login-${name}.md`))
})

test.each(GUIDES)('%s shows a list that the gateway reads', (name) => {
  const { providers } = readBlock(name).login
  const [{ id }] = providers as [{ id: string }]
  const list = providers.map((provider) => ({ ...provider, clientSecretFile: `secrets/${provider.id}` }))
  const { settings, faults } = read(stringify(list), [id])
  expect(faults).toEqual([])
  expect(settings).toMatchObject([{ id, source: 'config' }])
  expect(settings[0]!.secret!.reveal()).toBe(`secret-of-${id}`)
  // the Secret is made under the names that the block uses
  expect(readGuide(name)).toContain(`create secret generic ${readBlock(name).login.existingSecret} --from-file=${id}=`)
  // each has an address of its own, and one that is shorter lets another provider's answers in
  const addresses = readGuide(name).match(/https?:\/\/[^`]*\/api\/oauth\/callback[^`]*/g)
  expect(addresses).toEqual([`https://<the hub>${ROUTES.finishLogin.path.replace(':id', id)}`])
})

test.skipIf(!HELM).each(GUIDES)('%s: what the chart makes of it is what the gateway reads', async (name) => {
  const { login } = readBlock(name)
  const rendered = await render({ login, 'gateway.publicUrl': 'https://mcp.example' })
  const text = at<Record<string, string>>(rendered.one('ConfigMap', 'mcphub-login'), 'data')['providers.yaml']!
  const { settings, faults } = read(text, [login.providers[0]!.id])
  expect(faults).toEqual([])
  expect(settings[0]!.secret!.reveal()).toBe(`secret-of-${settings[0]!.id}`)
})

test.skipIf(!HELM)('what Helm says after the installation names the address of each provider', async () => {
  const login = { existingSecret: 'mcphub-login', providers: GUIDES.flatMap((name) => readBlock(name).login.providers) }
  const values = ['--set-json', `login=${JSON.stringify(login)}`, '--set', 'gateway.publicUrl=https://mcp.example']
  const said = await helm('install', RELEASE, CHART, '--dry-run=client', ...values)
  const addresses = said.match(/\S+: \S+\/api\/oauth\/callback\S*/g)
  expect(addresses).toEqual(login.providers.map(({ id }) => `${id}: https://mcp.example/api/oauth/callback/${id}`))
})
