// The bash script, sourced in a real bash, completes over every command and option; every command explains itself.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Command } from 'commander'
import { CliHome } from '../../../test/kit/cli.ts'
import { buildProgram } from '../program.ts'
import type { Environment } from '../config.ts'

const home = new CliHome()
let script = ''

beforeAll(async () => {
  script = path.join(home.folder, 'completion.bash')
  writeFileSync(script, (await home.run(['completion', 'bash'])).stdout)
})
afterAll(() => home.remove())

/** What TAB offers after these words; the last is the one under the cursor. */
function complete(...words: string[]): string[] {
  const body = `source "$1"; shift; COMP_WORDS=(mcphub "$@"); COMP_CWORD=$#; _mcphub; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', body, 'bash', script, ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

describe('completion in bash', () => {
  test('commands', () => {
    expect(complete('se')).toEqual(['setup', 'secrets', 'servers', 'sessions'])
    expect(complete('users', '')).toEqual(
      expect.arrayContaining(['add', 'list', 'activate', 'deactivate', 'promote', 'demote', 'delete', 'restore']),
    )
    expect(complete('completion', '--')).toContain('--help')
  })
  test('options, its own and those of all', () => {
    expect(complete('users', 'delete', 'alice', '--')).toEqual(
      expect.arrayContaining(['--hard', '--yes', '--json', '--url', '--key-file', '--help']),
    )
    expect(complete('users', 'delete', '--ha')).toEqual(['--hard'])
    expect(complete('users', 'list', '--ha')).toEqual([])
  })
  test('options before and between commands do not mislead it', () => {
    expect(complete('--json', 'keys', 're')).toEqual(['revoke'])
    expect(complete('keys', '--json', 'create', 'laptop', '--exp')).toEqual(['--expires'])
  })
  test('bash accepts the script without a word', () => {
    expect(execFileSync('bash', ['-n', script], { encoding: 'utf8' })).toBe('')
  })
})

test.each(['zsh', 'fish'])('%s gets every command', async (shell) => {
  const { code, stdout } = await home.run(['completion', shell])
  expect(code).toBe(0)
  for (const command of ['users deactivate', 'key-ring rotate', 'secrets set', '--expires'])
    expect(stdout).toContain(command)
})

describe('help', () => {
  const environment: Environment = {
    cwd: '/',
    url: null,
    key: null,
    credentialsFile: '/none',

    proxies: { http: null, https: null, no: null },
  }
  const leaves = (command: Command, at: string[] = []): [string, Command][] =>
    command.commands.length === 0
      ? [[at.join(' '), command]]
      : command.commands.flatMap((child) => leaves(child, [...at, child.name()]))

  test.each(leaves(buildProgram(environment)))('%s has a description and an example', (name, command) => {
    let text = ''
    command.configureOutput({ writeOut: (part) => (text += part) })
    command.outputHelp()
    expect(command.description()).not.toBe('')
    expect(text).toMatch(new RegExp(`Examples?:[^]*mcphub ${name}`))
  })
})
