// What scripts and people get when it does not work: exit codes, stderr, nothing on stdout, no key to a stranger.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ERROR_FACES, EXIT_CODES } from '@mcphub/api'
import type { ErrorCode } from '@mcphub/api'
import { CliHome } from '../../test/kit/cli.ts'
import { startRestDouble } from '../../test/kit/rest-double.ts'
import type { RestDouble } from '../../test/kit/rest-double.ts'

let hub: RestDouble
let home: CliHome
let key: string

beforeEach(async () => {
  hub = await startRestDouble()
  key = hub.state.addKey(hub.state.addUser('root', 'admin').id, 'root').secret
  home = new CliHome({ MCPHUB_URL: hub.url, MCPHUB_KEY: key })
})
afterEach(async () => {
  await hub.close()
  home.remove()
})

describe('exit codes', () => {
  const codes: ErrorCode[] = [
    'unauthenticated',
    'forbidden',
    'not_found',
    'conflict',
    'invalid_params',
    'too_many_requests',
    'database_unavailable',
    'internal',
  ]

  test.each(codes)('%s', async (code) => {
    hub.faults.set('listKeys', code)
    const result = await home.run(['keys', 'list'])
    expect(result).toMatchObject({ code: ERROR_FACES[code].exit, stdout: '' })
    expect(result.stderr).toMatch(/^mcphub: The double refuses.*request id: request-1\n$/s)
  })

  test('as JSON on stderr under --json', async () => {
    hub.faults.set('listKeys', 'forbidden')
    const { stdout, stderr, code } = await home.run(['keys', 'list', '--json'])
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'forbidden',
        message: 'The double refuses with forbidden',
        exit: code,
        fix: null,
        requestId: 'request-1',
        faults: [],
      },
    })
  })

  test.each([
    ['nonsense'],
    ['users'],
    ['users', 'nonsense'],
    ['keys', 'create'],
    ['users', 'list', '--nonsense'],
    ['completion', 'tcsh'],
    ['servers', 'status', '..'],
  ])('usage: %j', async (...args) => expect(await home.run(args)).toMatchObject({ code: EXIT_CODES.usage, stdout: '' }))

  test('SEC-2: a misplaced value or key is not repeated', async () => {
    for (const args of [['secrets', 'set', 'USER_X', 'canary'], ['users', 'list', '--token=canary'], [key]]) {
      const { code, stderr } = await home.run(args)
      expect(code).toBe(EXIT_CODES.usage)
      expect(stderr).not.toContain('canary')
      expect(stderr).not.toContain(key)
    }
  })

  test('a hub that is not there', async () => {
    await hub.close()
    const result = await home.run(['keys', 'list'])
    expect(result.code).toBe(EXIT_CODES.unavailable)
    expect(result.stderr).toContain('cannot be reached (ECONNREFUSED)')
  })

  test('what is no hub: HTML, a proxy’s 502, another form', async () => {
    for (const [fault, code] of [
      [{ status: 200, body: '<html>' }, EXIT_CODES.failure],
      [{ status: 404, body: '<html>' }, EXIT_CODES.failure],
      [{ status: 502, body: 'Bad gateway' }, EXIT_CODES.unavailable],
      [{ status: 200, body: '{"items":[{"id":7}]}' }, EXIT_CODES.failure],
    ] as const) {
      hub.faults.set('listKeys', fault)
      expect({ fault, code: (await home.run(['keys', 'list'])).code }).toEqual({ fault, code })
    }
  })
})

describe('where a key goes', () => {
  test('not to where an answer redirects', async () => {
    const stranger = await startRestDouble()
    hub.faults.set('listKeys', { status: 307, body: '', location: `${stranger.url}/api/keys` })
    const { code, stderr } = await home.run(['keys', 'list'])
    expect(code).toBe(EXIT_CODES.failure)
    expect(stderr).toContain('redirects')
    expect(stranger.seen).toEqual([])
    await stranger.close()
  })

  test('not over plain http to another machine', async () => {
    const env = { MCPHUB_URL: 'http://mcphub.example.com' }
    const { code, stderr } = await home.run(['keys', 'list'], { env })
    expect(code).toBe(EXIT_CODES.usage)
    expect(stderr).toContain('plain http')
  })

  const save = (file: string, content: object, mode = 0o600): void => {
    mkdirSync(path.dirname(path.join(home.folder, file)), { recursive: true })
    writeFileSync(path.join(home.folder, file), JSON.stringify(content))
    chmodSync(path.join(home.folder, file), mode)
  }
  const whoAmI = async (env: Record<string, string>) => {
    const { stdout, stderr } = await home.run(['status', '--json'], { env: { MCPHUB_KEY: '', MCPHUB_URL: '', ...env } })
    return stdout === '' ? { fault: stderr } : { keySource: JSON.parse(stdout).keySource as string | null }
  }

  test('a kept key is for its own hub only', async () => {
    const file = 'config/mcphub/credentials.json'
    save(file, { url: hub.url, key })
    expect(await whoAmI({})).toEqual({ keySource: path.join(home.folder, file) })
    expect(await whoAmI({ MCPHUB_URL: hub.url.replace('127.0.0.1', 'localhost') })).toEqual({
      keySource: path.join(home.folder, file),
    })
    const other = await startRestDouble()
    expect(await whoAmI({ MCPHUB_URL: other.url })).toEqual({ keySource: null })
    expect(other.seen.every(({ authorization }) => authorization === null)).toBe(true)
    await other.close()
  })

  test('a file below this folder comes first, if it leads to this machine and nobody else could write it', async () => {
    save('config/mcphub/credentials.json', { url: 'https://mcphub.example.com', key })
    save('.mcphub/credentials.json', { url: hub.url, key })
    const source = path.join(home.folder, '.mcphub/credentials.json')
    expect(await whoAmI({})).toEqual({ keySource: source })
    chmodSync(source, 0o666)
    expect(await whoAmI({ MCPHUB_URL: hub.url })).toEqual({ keySource: null })
    save('.mcphub/credentials.json', { url: 'https://stranger.example.com', key })
    expect(await whoAmI({ MCPHUB_URL: 'https://stranger.invalid' })).toMatchObject({
      fault: expect.stringContaining('cannot be reached'),
    })
    expect((await home.run(['doctor', '--json'], { env: { MCPHUB_KEY: '', MCPHUB_URL: hub.url } })).stdout).toContain(
      'may name a hub on this machine only',
    )
  })

  test('--key-file takes a key or a credentials file, and says what is wrong with anything else', async () => {
    writeFileSync(path.join(home.folder, 'key.txt'), `${key}\n`)
    save('kept.json', { url: hub.url, key })
    writeFileSync(path.join(home.folder, 'bad.txt'), 'canary')
    const blank = { MCPHUB_KEY: '', MCPHUB_URL: '' }
    expect((await home.run(['status', '--key-file', 'key.txt'])).code).toBe(0)
    expect((await home.run(['status', '--key-file', 'kept.json'], { env: blank })).code).toBe(0)
    for (const file of ['bad.txt', 'absent.txt']) {
      const { code, stderr } = await home.run(['status', '--key-file', file])
      expect(code).toBe(EXIT_CODES.usage)
      expect(stderr).not.toContain('canary')
    }
    expect((await home.run(['status'], { env: { MCPHUB_KEY: 'canary' } })).stderr).not.toContain('canary')
  })
})
