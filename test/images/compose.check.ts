// compose.yaml as it stands, in a real engine: the hub is ready, a person's servers have uids of their own, and everything survives a restart.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartedNetwork, StartedTestContainer } from 'testcontainers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { POSTGRES_IMAGE } from '../e2e-cluster/settings.ts'
import type { ComposeInput } from './compose.ts'
import { createNetwork, readService, startService } from './compose.ts'
import { describeImages } from './kit.ts'

const GATEWAY = 'localhost/mcphub-gateway:dev'
const PASSWORD = 'a-password-of-this-check'

describeImages('compose.yaml', () => {
  let folder: string
  let input: ComposeInput
  let network: StartedNetwork
  let postgres: StartedTestContainer
  let gateway: StartedTestContainer

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcphub-compose-'))
    const secrets = {
      'database-password': PASSWORD,
      'database-url': `postgres://mcphub:${PASSWORD}@postgres:5432/mcphub`,
    }
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), text, { mode: 0o444 })
    input = {
      env: { MCPHUB_GATEWAY_IMAGE: GATEWAY, MCPHUB_POSTGRES_IMAGE: POSTGRES_IMAGE },
      secretFiles: Object.fromEntries(Object.keys(secrets).map((name) => [name, join(folder, name)])),
      project: 'mcphub-check',
    }
    network = await createNetwork()
    postgres = await startService('postgres', input, network)
    gateway = await startService('gateway', input, network)
  })
  afterAll(async () => {
    await gateway?.stop()
    await postgres?.stop()
    await network?.stop()
    for (const name of ['data', 'database']) execFileSync('docker', ['volume', 'rm', '--force', `mcphub-check-${name}`])
    rmSync(folder, { recursive: true })
  })

  const base = (): string => `http://127.0.0.1:${gateway.getMappedPort(3000)}`
  const ask = async (path: string): Promise<{ status: number; body: string }> => {
    const answer = await fetch(`${base()}${path}`)
    return { status: answer.status, body: await answer.text() }
  }
  const readLog = (): string =>
    execFileSync('docker', ['logs', gateway.getId()], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

  test('the hub is ready and refuses strangers', async () => {
    expect(await ask('/readyz')).toMatchObject({ status: 200 })
    expect(await ask('/api/servers')).toMatchObject({ status: 401 })
  })

  test('the first administrator comes by the link that the gateway prints; each person’s servers get a uid of their own', async () => {
    const exec = ['exec', gateway.getId(), 'node', 'gateway/src/main.ts', 'setup-link']
    const link = execFileSync('docker', exec, { encoding: 'utf8' }).trim()
    const token = new URL(link).hash.replace('#token=', '')
    const setup = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, username: 'alice' }),
    }
    const made = (await (await fetch(`${base()}/api/setup`, setup)).json()) as { key: string }
    const listed = await fetch(`${base()}/api/servers`, { headers: { authorization: `Bearer ${made.key}` } })
    expect(await listed.json()).toMatchObject({ separation: { kind: 'Uid' } })
  })

  test('only the capabilities it names, and no way to new ones', () => {
    const status = execFileSync(
      'docker',
      ['exec', gateway.getId(), 'node', '-p', "fs.readFileSync('/proc/1/status','utf8')"],
      { encoding: 'utf8' },
    )
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7
    expect(status).toMatch(/^CapBnd:\s+00000000000000eb$/m)
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
  })

  test('the password is in no environment', () => {
    const seen = execFileSync('docker', ['inspect', gateway.getId(), postgres.getId()], { encoding: 'utf8' })
    expect(seen).not.toContain(PASSWORD)
    expect(readLog()).not.toContain(PASSWORD)
  })

  test('what the hub keeps outlives its containers', async () => {
    const readKeyRing = (): string =>
      execFileSync('docker', ['exec', gateway.getId(), 'node', '-p', "fs.readFileSync('/data/keyring.json','utf8')"], {
        encoding: 'utf8',
      })
    const before = readKeyRing()
    await gateway.stop()
    await postgres.stop()
    postgres = await startService('postgres', input, network)
    gateway = await startService('gateway', input, network)
    expect(readKeyRing()).toBe(before)
    expect(await ask('/readyz')).toMatchObject({ status: 200 })
  })

  test('the file names a port on loopback alone', () => {
    expect(readService('gateway', {}).ports).toEqual(['127.0.0.1:3000:3000'])
  })
})
