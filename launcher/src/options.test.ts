// Command line over environment over defaults, and where the data go by default.
import { describe, expect, test } from 'vitest'
import { readOptions, type OptionsInput } from './options.ts'

const CLONE = import.meta.dirname
const read = (input: Partial<OptionsInput> = {}): ReturnType<typeof readOptions> =>
  readOptions({ args: [], env: {}, clone: CLONE, uid: 1000, isTerminal: true, ...input })

describe('readOptions', () => {
  test('has a default for everything', () => {
    const options = read()
    expect(options).toMatchObject({
      port: 3000,
      dataDir: `${CLONE}/.mcphub`,
      catalogDir: `${CLONE}/catalog`,
      color: true,
    })
  })

  test('keeps the data of root out of the clone, one folder per clone', () => {
    expect(read({ uid: 0 }).dataDir).toMatch(/^\/var\/lib\/mcphub\/[0-9a-f]{12}$/)
    expect(read({ uid: 0, clone: `${CLONE}/postgres` }).dataDir).not.toBe(read({ uid: 0 }).dataDir)
  })

  test('puts the command line over the environment', () => {
    const env = { MCPHUB_PORT: '4000', MCPHUB_DATA_DIR: '/data', MCPHUB_CATALOG_DIR: '/catalog', NO_COLOR: '1' }
    expect(read({ env })).toMatchObject({ port: 4000, dataDir: '/data', catalogDir: '/catalog', color: false })
    const args = ['--port', '5000', '--data-dir', '/other', '--catalog', '/elsewhere', '--json', '--watch']
    expect(read({ env, args })).toMatchObject({
      port: 5000,
      dataDir: '/other',
      catalogDir: '/elsewhere',
      json: true,
      watch: true,
    })
  })

  test('names the list of providers from where the command was typed', () => {
    const fileOf = (MCPHUB_LOGIN_FILE?: string): unknown =>
      read({ env: { MCPHUB_LOGIN_FILE } }).env['MCPHUB_LOGIN_FILE']
    expect(fileOf('login.yaml')).toBe(`${process.cwd()}/login.yaml`)
    expect([fileOf('/etc/login.yaml'), fileOf(''), fileOf()]).toEqual(['/etc/login.yaml', '', undefined])
  })

  test('--no-color wins over a terminal', () => {
    expect(read({ args: ['--no-color'] }).color).toBe(false)
  })

  test.each(['-1', '65536', '80x', '3e3'])('refuses the port %s', (port) => {
    expect(() => read({ args: [`--port=${port}`] })).toThrow('not a number from 0 to 65535')
  })

  test('names an unknown option', () => {
    expect(() => read({ args: ['--prot', '1'] })).toThrow('--prot')
  })
})
