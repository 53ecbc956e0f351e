// Kubeconfigs as kubectl and cluster tools write them, and the files of a pod; what is not supported is refused by name.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readInCluster } from './in-cluster.ts'
import { readKubeconfig } from './kubeconfig.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
})
afterEach(() => rm(folder, { recursive: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')

async function write(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, 'config')
  const config = {
    'current-context': 'here',
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u', namespace: 'team' } },
      { name: 'there', context: { cluster: 'c', user: 'nobody' } },
    ],
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
  }
  await writeFile(path, JSON.stringify(config))
  return path
}

test('a client certificate and a CA, inline', async () => {
  const path = await write(
    { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kube' },
  )
  const credentials = await readKubeconfig(path)
  expect(credentials).toMatchObject({ server: 'https://10.0.0.1:6443', namespace: 'team' })
  const identity = await credentials.read()
  expect(identity).toEqual({
    token: null,
    tls: { ca: 'CA', cert: 'CERT', key: 'KEY', verify: true, serverName: 'kube' },
  })
  expect((await credentials.read({ fresh: true })).tls).toBe(identity.tls)
})

test('files beside it, read again when they changed; no verification only where it says so', async () => {
  await writeFile(join(folder, 'token'), 'first\n')
  await writeFile(join(folder, 'ca.crt'), 'CA 1')
  const path = await write(
    { tokenFile: 'token' },
    { 'certificate-authority': 'ca.crt', 'insecure-skip-tls-verify': true },
  )
  const credentials = await readKubeconfig(path)
  const before = await credentials.read()
  expect(before).toMatchObject({ token: 'first', tls: { ca: 'CA 1', verify: false } })
  await writeFile(join(folder, 'token'), 'second token')
  await writeFile(join(folder, 'ca.crt'), 'CA number 2')
  expect((await credentials.read()).token).toBe('first')
  const after = await credentials.read({ fresh: true })
  expect(after).toMatchObject({ token: 'second token', tls: { ca: 'CA number 2' } })
})

test.each(['exec', 'auth-provider', 'username', 'as'])('%s is refused', async (name) => {
  await expect(readKubeconfig(await write({ [name]: 'x' }))).rejects.toThrow(`"${name}" is not supported`)
})

test('what is missing is named', async () => {
  const path = await write({ token: 't' })
  await expect(readKubeconfig(path, 'nowhere')).rejects.toThrow('no entry "nowhere" in contexts')
  await expect(readKubeconfig(path, 'there')).rejects.toThrow('no entry "nobody" in users')
})

test('a pod: token, CA and namespace from its mount; a token that vanishes for a moment is kept', async () => {
  await Promise.all(
    Object.entries({ token: 'a\n', 'ca.crt': 'CA', namespace: 'hub' }).map(([name, text]) =>
      writeFile(join(folder, name), text),
    ),
  )
  const credentials = await readInCluster({ host: 'fd00::1', port: '443', mount: folder })
  expect(credentials).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'hub' })
  expect(await credentials.read()).toMatchObject({ token: 'a', tls: { ca: 'CA' } })
  await rm(join(folder, 'token'))
  expect(await credentials.read({ fresh: true })).toMatchObject({ token: 'a' })
  await writeFile(join(folder, 'token'), 'rotated')
  expect(await credentials.read({ fresh: true })).toMatchObject({ token: 'rotated' })
})

test('a pod without a service account says what is missing', async () => {
  await expect(readInCluster({ host: 'x', port: '443', mount: folder })).rejects.toThrow('namespace cannot be read')
})
