// What a person reads when the hub is ready, and what a program reads instead.
import { describe, expect, test } from 'vitest'
import { parseGatewayEvent } from './gateway-events.ts'
import { createScreen, formatReady, type Ready } from './screen.ts'

const KEY = `mcphub_${'0f'.repeat(32)}`
const READY: Ready = {
  type: 'ready',
  endpoint: 'http://localhost:3000/mcp',
  setupUrl: 'http://localhost:3000/setup#token=once',
  demoKey: KEY,
  consoleUrl: 'http://localhost:3000/',
  loginUrl: 'http://localhost:3000/login#token=demo-once',
  separation: { kind: 'Uid', message: 'Each user has a uid.' },
  servers: [
    { name: 'memory', variables: [] },
    { name: 'github', variables: ['USER_GITHUB_TOKEN'] },
  ],
  faults: ['catalog/bad.yaml:3: unknown field "comand"'],
  warnings: [],
  seconds: 1.25,
  dataDir: '/data',
  catalogDir: '/catalog',
}

describe('formatReady', () => {
  test('at the first start holds all that is pasted', () => {
    const text = formatReady(READY)
    for (const part of [
      `http://localhost:3000/mcp?key=${KEY}`,
      '"mcp-hub"',
      'claude mcp add',
      '"servers"',
      'token=once',
      'login#token=demo-once',
    ]) {
      expect(text).toContain(part)
    }
    // whoever follows the first link they see should end up as the administrator
    expect(text.indexOf('token=once')).toBeLessThan(text.indexOf('token=demo-once'))
    expect(text).toContain('Each user has a uid.')
    expect(text).toContain('memory, github (needs USER_GITHUB_TOKEN)')
    expect(text).toContain('mcphub secrets set USER_GITHUB_TOKEN')
    expect(text).toContain('catalog/bad.yaml:3')
  })

  test('later names the way to a new key, and no link when there is an administrator', () => {
    const text = formatReady({ ...READY, demoKey: null, loginUrl: null, setupUrl: null })
    expect(text).not.toContain('mcphub_')
    expect(text).not.toContain('token=')
    expect(text).toContain('Console: http://localhost:3000/\n')
    expect(text).not.toContain('First administrator')
    expect(text).toContain('mcphub keys create')
  })

  test('commands name a hub that is not where they look for one', () => {
    const endpoint = 'http://localhost:3001/mcp'
    const text = formatReady({ ...READY, endpoint, demoKey: null, setupUrl: null })
    expect(text).toContain('mcphub --url http://localhost:3001 keys create')
    expect(text).toContain('mcphub --url http://localhost:3001 connect')
    expect(text).toContain('mcphub --url http://localhost:3001 secrets set USER_GITHUB_TOKEN')
    expect(formatReady({ ...READY, demoKey: null })).not.toContain('--url')
  })
})

describe('createScreen', () => {
  const record = (
    json: boolean,
    color: boolean,
    columns: number | null = null,
  ): { screen: ReturnType<typeof createScreen>; text: () => string } => {
    let written = ''
    return { screen: createScreen({ json, color, columns, write: (text) => (written += text) }), text: () => written }
  }

  test('writes no escape codes without colour', () => {
    const { screen, text } = record(false, false)
    screen.ready(READY)
    screen.fault('a', 'b')
    expect(text()).not.toContain('\u001b')
  })

  test('writes the steps of a topic over each other in a terminal, and the first and the last into a file', () => {
    const steps = [
      ['installing a 1.2.3: 1 of 20', 'running'],
      ['installing a 1.2.3: 2 of 20', 'running'],
      ['a 1.2.3 is installed', 'done'],
    ] as const
    const show = (screen: ReturnType<typeof createScreen>): void => {
      for (const [message, state] of steps) screen.progress(message, { topic: 'a 1.2.3', state })
    }
    const file = record(false, false)
    show(file.screen)
    expect(file.text()).toBe(`· ${steps[0][0]}\n✓ ${steps[2][0]}\n`)
    const terminal = record(false, false, 16)
    show(terminal.screen)
    expect(terminal.text()).toBe(
      '· installing a \n\u001b[1A\u001b[2K· installing a \n\u001b[1A\u001b[2K✓ a 1.2.3 is in\n',
    )
    // never over a line of something else
    terminal.screen.warn('between')
    terminal.screen.progress('x', { topic: 'a 1.2.3' })
    expect(terminal.text()).toMatch(/between\n· x\n$/)
    terminal.screen.progress('no topic')
    terminal.screen.progress('no topic')
    expect(terminal.text()).toMatch(/x\n· no topic\n· no topic\n$/)
  })

  test('as JSON writes one object per line', () => {
    const { screen, text } = record(true, true)
    screen.progress('one')
    screen.ready(READY)
    screen.fault('broken', 'mend it')
    const events = text()
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(events).toMatchObject([
      { type: 'progress', message: 'one' },
      {
        ...{ type: 'ready', demoKey: KEY },
        blocks: [{ editor: 'cursor' }, { editor: 'claude-code' }, { editor: 'vscode' }, { editor: 'claude-desktop' }],
      },
      { type: 'fault', message: 'broken', fix: 'mend it' },
    ])
  })
})

test('parseGatewayEvent believes only what it knows', () => {
  expect(parseGatewayEvent({ type: 'ready', endpoint: 'x', separation: { kind: 'Uid', message: '' } })).toMatchObject({
    faults: [],
    warnings: [],
  })
  for (const message of [null, 'ready', { type: 'ready' }, { type: 'other' }])
    expect(parseGatewayEvent(message)).toBe(null)
})
