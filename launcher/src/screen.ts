// What a person sees: progress, the blocks to paste, faults with their fix; or the same as one JSON object per line.
import { buildConnectBlocks, buildKeyedUrl } from '@mcphub/api'
import type { ProgressEvent, ReadyEvent } from './gateway-events.ts'

export interface ScreenOptions {
  readonly json: boolean
  readonly color: boolean
  readonly write: (text: string) => void
  /** width of the terminal; null = not a terminal, so no line is ever written over */
  readonly columns?: number | null
}

export type Step = Partial<Pick<ProgressEvent, 'state' | 'topic'>>

export interface Ready extends ReadyEvent {
  readonly seconds: number
  readonly dataDir: string
  readonly catalogDir: string
}

export interface Screen {
  progress(message: string, step?: Step): void
  /** something to know that needs no action of the hub */
  warn(message: string): void
  fault(message: string, fix: string): void
  ready(facts: Ready): void
  /** the gateway serves again after it died: no blocks, they are still right */
  readyAgain(): void
}

type Paint = (code: number, text: string) => string

export function createScreen({ json, color, write, columns = null }: ScreenOptions): Screen {
  const paint: Paint = color ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text
  const emit = (event: Record<string, unknown>): void => write(`${JSON.stringify(event)}\n`)
  if (json) {
    return {
      progress: (message, { state = 'running', topic } = {}) => emit({ type: 'progress', message, state, topic }),
      warn: (message) => emit({ type: 'warning', message }),
      fault: (message, fix) => emit({ type: 'fault', message, fix }),
      ready: (facts) =>
        emit({ ...facts, blocks: facts.demoKey ? buildConnectBlocks(facts.endpoint, facts.demoKey) : [] }),
      readyAgain: () => emit({ type: 'ready-again' }),
    }
  }
  let topicAbove: string | null = null
  const print = (text: string): void => {
    topicAbove = null
    write(text)
  }
  return {
    progress: (message, { state = 'running', topic } = {}) => {
      const [code, mark] = MARKS[state]
      const line = `${paint(code, mark)} ${columns === null ? message : message.slice(0, columns - 3)}\n`
      const isSame = topic !== undefined && topic === topicAbove
      // the steps of one topic are one line: written over in a terminal; the first and the last elsewhere
      if (isSame && columns !== null) write(`${LINE_UP_AND_CLEAR}${line}`)
      else if (!isSame || state !== 'running') write(line)
      topicAbove = topic ?? null
    },
    warn: (message) => print(`${paint(33, '!')} ${message}\n`),
    fault: (message, fix) => print(`${paint(31, '✗')} ${message}\n  ${fix}\n`),
    ready: (facts) => print(formatReady(facts, paint)),
    readyAgain: () => print(`${paint(32, '✓')} The gateway serves again.\n`),
  }
}

const LINE_UP_AND_CLEAR = '\u001b[1A\u001b[2K'

const MARKS = { running: [2, '·'], done: [32, '✓'], failed: [33, '!'] } as const

export function formatReady(facts: Ready, paint: Paint = (_, text) => text): string {
  const heading = (text: string): string => paint(1, text)
  const parts = [
    `${paint(32, '✓')} ${heading('MCPHub is ready')} (${facts.seconds.toFixed(1)} s)`,
    ...(facts.demoKey ? formatFirst(facts.endpoint, facts.demoKey, heading) : formatLater(facts.endpoint, heading)),
    ...(facts.setupUrl ? [formatSetup(facts.setupUrl, heading)] : []),
    ...(facts.consoleUrl ? [`${heading('Console')}: ${facts.consoleUrl}`] : []),
    ...(facts.loginUrl ? [formatDemo(facts.loginUrl, heading)] : []),
    formatFacts(facts, nameCommand(facts.endpoint), heading),
    ...facts.faults.map((fault) => `${paint(31, '✗')} ${fault}`),
    ...facts.warnings.map((warning) => `${paint(33, '!')} ${warning}`),
    'Ctrl-C ends the hub and everything it started.',
  ]
  return `\n${parts.join('\n\n')}\n\n`
}

type Heading = (text: string) => string

const MCPHUB = 'node_modules/.bin/mcphub'
const USUAL_PORT = '3000'

/** Without an address `mcphub` asks the hub of its kept key, or the usual port: a hub elsewhere must be named. */
function nameCommand(endpoint: string): string {
  const { origin, port } = new URL(endpoint)
  return port === USUAL_PORT ? MCPHUB : `${MCPHUB} --url ${origin}`
}

const formatDemo = (link: string, heading: Heading): string =>
  `${heading('Look around as the demo user')}, who administers nothing: this link works once\n${link}`

function formatSetup(link: string, heading: Heading): string {
  return `${heading('First administrator')}: this link works once\n${link}\n${MCPHUB} setup '${link}' --username <your name>`
}

function formatFirst(endpoint: string, key: string, heading: Heading): readonly string[] {
  const blocks = buildConnectBlocks(endpoint, key).map(
    ({ title, where, text }) => `${heading(title)} (${where}):\n${text}`,
  )
  return [
    `${heading('Endpoint with a demo key')} (shown this once; the key is kept as a hash only):\n${buildKeyedUrl(endpoint, key)}`,
    ...blocks,
  ]
}

function formatLater(endpoint: string, heading: Heading): readonly string[] {
  const command = nameCommand(endpoint)
  return [
    `${heading('Endpoint')}: ${endpoint}?key=<your key>`,
    `A new key: ${command} keys create <name>   The blocks for editors: ${command} connect`,
  ]
}

function formatFacts({ separation, servers, dataDir, catalogDir }: Ready, command: string, heading: Heading): string {
  const wanted = [...new Set(servers.flatMap(({ variables }) => variables))]
  return [
    `${heading('Servers')}: ${servers.map(formatServer).join(', ') || 'none'}`,
    ...(wanted.length > 0 ? [`  each person sets their own: ${command} secrets set ${wanted[0]}`] : []),
    `${heading('Catalogue')}: ${catalogDir} (watched)`,
    `${heading('Data')}: ${dataDir}`,
    `${heading('Separation')} (${separation.kind}): ${separation.message}`,
    'This is the local mode: for trying, developing and small teams on a host that they trust.',
  ].join('\n')
}

const formatServer = ({ name, variables }: Ready['servers'][number]): string =>
  variables.length > 0 ? `${name} (needs ${variables.join(', ')})` : name
