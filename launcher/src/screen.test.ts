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
  separation: { kind: 'Uid', message: 'Each user has a uid.' },
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
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toContain('Each user has a uid.')
    expect(text).toContain('catalog/bad.yaml:3')
  })

  test('later names the way to a new key, and no link when there is an administrator', () => {
    const text = formatReady({ ...READY, demoKey: null, setupUrl: null })
    expect(text).not.toContain('mcphub_')
    expect(text).not.toContain('First administrator')
    expect(text).toContain('mcphub keys create')
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

  test('writes a count once into a file, and over itself in a terminal', () => {
    const steps = ['a 1.2.3: 1 of 20 packages', 'a 1.2.3: 2 of 20 packages', 'a 1.2.3: finishing']
    const file = record(false, false)
    for (const step of steps) file.screen.progress(step)
    expect(file.text()).toBe(`· ${steps[0]}\n· ${steps[2]}\n`)
    const terminal = record(false, false, 16)
    for (const step of steps.slice(0, 2)) terminal.screen.progress(step)
    expect(terminal.text()).toBe('· a 1.2.3: 1 of\n\u001b[1A\u001b[2K· a 1.2.3: 2 of\n')
    terminal.screen.warn('between')
    terminal.screen.progress(steps[1] ?? '')
    expect(terminal.text()).toMatch(/between\n· a 1\.2\.3: 2 of\n$/)
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
      { type: 'ready', demoKey: KEY, blocks: [{ editor: 'cursor' }, { editor: 'claude-code' }, { editor: 'vscode' }] },
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
