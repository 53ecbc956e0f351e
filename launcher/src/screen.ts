// What a person sees: progress, the blocks to paste, faults with their fix; or the same as one JSON object per line.
import { buildConnectBlocks, buildKeyedUrl } from '@mcphub/api'
import type { ReadyEvent } from './gateway-events.ts'

export interface ScreenOptions {
  readonly json: boolean
  readonly color: boolean
  readonly write: (text: string) => void
  /** width of the terminal; null = not a terminal, so no line is ever written over */
  readonly columns?: number | null
}

export interface Ready extends ReadyEvent {
  readonly seconds: number
  readonly dataDir: string
  readonly catalogDir: string
}

export interface Screen {
  progress(message: string): void
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
      progress: (message) => emit({ type: 'progress', message }),
      warn: (message) => emit({ type: 'warning', message }),
      fault: (message, fix) => emit({ type: 'fault', message, fix }),
      ready: (facts) =>
        emit({ ...facts, blocks: facts.demoKey ? buildConnectBlocks(facts.endpoint, facts.demoKey) : [] }),
      readyAgain: () => emit({ type: 'ready-again' }),
    }
  }
  let counting: string | null = null
  const print = (text: string): void => {
    counting = null
    write(text)
  }
  return {
    progress: (message) => {
      const line = `${paint(2, '·')} ${columns === null ? message : message.slice(0, columns - 3)}\n`
      // a count that goes up is one line: written over in a terminal, written once elsewhere
      const isCount = counting === maskNumbers(message)
      if (!isCount) write(line)
      else if (columns !== null) write(`${LINE_UP_AND_CLEAR}${line}`)
      counting = maskNumbers(message)
    },
    warn: (message) => print(`${paint(33, '!')} ${message}\n`),
    fault: (message, fix) => print(`${paint(31, '✗')} ${message}\n  ${fix}\n`),
    ready: (facts) => print(formatReady(facts, paint)),
    readyAgain: () => print(`${paint(32, '✓')} The gateway serves again.\n`),
  }
}

const LINE_UP_AND_CLEAR = '\u001b[1A\u001b[2K'

const maskNumbers = (message: string): string => message.replace(/\d+/g, '#')

export function formatReady(facts: Ready, paint: Paint = (_, text) => text): string {
  const heading = (text: string): string => paint(1, text)
  const parts = [
    `${paint(32, '✓')} ${heading('MCPHub is ready')} (${facts.seconds.toFixed(1)} s)`,
    ...(facts.demoKey ? formatFirst(facts.endpoint, facts.demoKey, heading) : formatLater(facts.endpoint, heading)),
    ...(facts.setupUrl ? [formatSetup(facts.setupUrl, heading)] : []),
    formatFacts(facts, heading),
    ...facts.faults.map((fault) => `${paint(31, '✗')} ${fault}`),
    ...facts.warnings.map((warning) => `${paint(33, '!')} ${warning}`),
    'Ctrl-C ends the hub and everything it started.',
  ]
  return `\n${parts.join('\n\n')}\n\n`
}

type Heading = (text: string) => string

const MCPHUB = 'node_modules/.bin/mcphub'

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
  return [
    `${heading('Endpoint')}: ${endpoint}?key=<your key>`,
    `A new key: ${MCPHUB} keys create <name>   The blocks for editors: ${MCPHUB} connect`,
  ]
}

function formatFacts({ separation, dataDir, catalogDir }: Ready, heading: Heading): string {
  return [
    `${heading('Separation of users')}: ${separation.kind}. ${separation.message}`,
    'This is the local mode: for trying, developing and small teams on a host that they trust.',
    `Catalogue: ${catalogDir} (watched)`,
    `Data: ${dataDir}`,
  ].join('\n')
}
