// The manifest of a story on the cluster, as it lies there, on one machine: same package, same variable, same answer.
import { createHmac } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PACKAGE, PACKAGED, ROOT } from '../e2e-cluster/settings.ts'
import { connectV1 } from '../kit/clients.ts'
import { startHub, type TestHub } from '../kit/hub.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'

let folder: string
let registry: TestRegistry
let hub: TestHub

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-story-'))
  copyFileSync(join(ROOT, 'test/e2e-cluster/images/server.js'), join(folder, 'server.js'))
  const about = { ...PACKAGE, type: 'module', bin: { 'story-server': 'server.js' } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about))
  registry = await startRegistry([folder])
  hub = await startHub({
    manifests: { 'packaged.yaml': readFileSync(PACKAGED, 'utf8') },
    env: { MCPHUB_NPMRC: registry.npmrc },
  })
}, 120_000)
afterAll(async () => {
  await hub?.stop()
  await registry?.stop()
  rmSync(folder, { recursive: true })
})

test('R5-3c: the manifest that the cluster runs in a pod runs on one machine', async () => {
  const user = await hub.addUser('packager')
  await hub.setVariables(user.key, { USER_STORY_SECRET: 'of-packager' })
  const client = await connectV1(hub.endpoint(user.key, '/mcp/packaged'))
  await until(async () => expect(await client.listTools()).toContain('nonce'), 60_000)
  const nonce = createHmac('sha256', 'of-packager').update('x').digest('hex')
  expect(await client.call('nonce', { challenge: 'x' })).toBe(nonce)
  await client.close()
})
