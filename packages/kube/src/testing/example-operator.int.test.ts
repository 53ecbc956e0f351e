// The operator that the README shows works, and is the one that the README shows.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { KubeClient } from '../client.ts'
import { fixedCredentials } from '../credentials.ts'
import { KubeHttp } from '../http.ts'
import { CONFIG_MAPS } from '../objects.ts'
import { runCopier } from './example-operator.ts'
import { FakeApiServer } from './fake-api-server.ts'

test('it copies, heals, and lets the owner take its copy along', async () => {
  const server = await FakeApiServer.start()
  const end = new AbortController()
  const credentials = fixedCredentials(server.url)
  const running = runCopier(credentials, end.signal)
  const http = new KubeHttp({ credentials, userAgent: 'user' })
  const client = new KubeClient(http)
  const source = { namespace: 'default', name: 'a' }
  const copy = { namespace: 'default', name: 'a-copy' }
  const isCopied = (): Promise<void> =>
    vi.waitFor(async () => expect(await client.get(CONFIG_MAPS, copy)).toMatchObject({ data: { text: 'x' } }), 10_000)
  try {
    await client.create(CONFIG_MAPS, { metadata: { ...source, labels: { copy: 'wanted' } }, data: { text: 'x' } })
    await isCopied()
    await client.delete(CONFIG_MAPS, copy)
    await isCopied()
    await client.patch(CONFIG_MAPS, copy, { type: 'merge', body: { data: { text: 'spoilt' } } })
    await isCopied()
    await client.delete(CONFIG_MAPS, source)
    await vi.waitFor(() => expect(server.storage.list('configmaps', null)).toEqual([]), 10_000)
  } finally {
    end.abort()
    await running
    await http.destroy()
    await server.stop()
  }
})

test('the README shows it, in 40 lines at most', async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
  const shown = /```ts\n([^]*?)```/.exec(readme)![1]!
  const code = await readFile(join(import.meta.dirname, 'example-operator.ts'), 'utf8')
  expect(shown).toBe(code.replaceAll(`'../index.ts'`, `'@mcphub/kube'`))
  expect(shown.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
})
