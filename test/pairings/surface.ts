// What the probe servers of the pairing matrix offer, the same in every era and on every transport: one thing for each feature of the protocol.

export interface Surface {
  /** what `change` put there */
  readonly extra: Set<'tools' | 'prompts' | 'resources'>
  /** how often `probe://counter` was touched */
  touched: number
  /** calls of `hang` that were told to end */
  aborted: number
  /** how often a client said that its roots are others */
  rootsChanged: number
  /** open sessions, each with its way to be told */
  readonly sessions: Set<{ notification(message: { method: string }): Promise<void> }>
}

export const createSurface = (): Surface => ({
  extra: new Set(),
  touched: 0,
  aborted: 0,
  rootsChanged: 0,
  sessions: new Set(),
})

/** offered by the server, declared by the client */
export const EXTENSION = 'probe.example/extension'
export const INSTRUCTIONS = 'A probe: it has one thing of every kind.'
const ICON = { src: 'data:image/png;base64,iVBORw0KGgo=', mimeType: 'image/png', sizes: ['16x16'] }
const NO_INPUT = { type: 'object', properties: {} }
/** in no revision: whoever passes messages on must let it through */
const UNKNOWN = { kept: ['as', { it: 'is' }], number: 1.5 }
const META = { 'probe.example/note': { deep: [1, null, 'é'] } }

const plain = (name: string) => ({ name, description: `does ${name}`, inputSchema: NO_INPUT })

const RICH_TOOL = {
  name: 'rich',
  title: 'Everything a tool can have',
  description: 'answers with every kind of content',
  icons: [ICON],
  annotations: {
    title: 'Rich',
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  inputSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { city: { type: 'string', description: '도시' } },
  },
  outputSchema: { type: 'object', properties: { degrees: { type: 'number' } }, required: ['degrees'] },
  _meta: META,
  'x-unknown': UNKNOWN,
}

export const RICH_RESULT = {
  content: [
    { type: 'text', text: '21.5 °C', annotations: { audience: ['user'], priority: 0.5 }, _meta: META },
    { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
    { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' },
    { type: 'resource_link', uri: 'probe://counter', name: 'counter', description: 'how often' },
    { type: 'resource', resource: { uri: 'probe://inline', mimeType: 'text/plain', text: 'inline' } },
  ],
  structuredContent: { degrees: 21.5, more: { kept: true } },
  _meta: META,
  'x-unknown': UNKNOWN,
} as const

const TOOLS = [
  RICH_TOOL,
  ...['whoami', 'fault', 'failure', 'progress', 'hang', 'aborted', 'change', 'touch', 'log'].map(plain),
  ...['sample', 'elicit', 'elicit-url', 'roots', 'ask-twice', 'roots-changed'].map(plain),
  { ...plain('task'), execution: { taskSupport: 'optional' } },
  {
    ...plain('mirror'),
    inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
  },
]

export const listTools = ({ extra }: Surface) => [...TOOLS, ...(extra.has('tools') ? [plain('extra')] : [])]

export const listPrompts = ({ extra }: Surface) => [
  {
    name: 'greet',
    title: 'Greeting',
    description: 'greets somebody',
    icons: [ICON],
    arguments: [{ name: 'name', description: 'whom', required: true }],
    _meta: META,
    'x-unknown': UNKNOWN,
  },
  { name: 'ask', description: 'asks before it greets' },
  ...(extra.has('prompts') ? [{ name: 'extra' }] : []),
]

export const getPrompt = (name: unknown) => ({
  description: 'a greeting',
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: `Hello, ${String(name)}!` } }],
  _meta: META,
})

export const listResources = ({ extra }: Surface) => [
  {
    uri: 'probe://counter',
    name: 'counter',
    title: 'A counter',
    description: 'how often it was touched',
    mimeType: 'text/plain',
    size: 1,
    icons: [ICON],
    annotations: { audience: ['assistant'], priority: 0.25 },
    _meta: META,
    'x-unknown': UNKNOWN,
  },
  { uri: 'probe://blob', name: 'blob', mimeType: 'application/octet-stream' },
  { uri: 'probe://ask', name: 'ask', description: 'asks before it is read' },
  ...(extra.has('resources') ? [{ uri: 'probe://extra', name: 'extra' }] : []),
]

export const listTemplates = () => [
  { uriTemplate: 'probe://items/{id}', name: 'item', title: 'An item', mimeType: 'text/plain', 'x-unknown': UNKNOWN },
]

/** null: there is no such resource */
export function readResource(surface: Surface, uri: string) {
  if (uri === 'probe://counter') return { contents: [{ uri, mimeType: 'text/plain', text: String(surface.touched) }] }
  if (uri === 'probe://blob') return { contents: [{ uri, mimeType: 'application/octet-stream', blob: 'AAEC/w==' }] }
  const item = /^probe:\/\/items\/(.+)$/.exec(uri)?.[1]
  return item === undefined ? null : { contents: [{ uri, mimeType: 'text/plain', text: `item ${item}`, _meta: META }] }
}

export const complete = (value: string) => ({
  completion: { values: ['Ada', 'Alan', 'Grace'].filter((name) => name.startsWith(value)), total: 3, hasMore: false },
})

/** What `sample`, `elicit`, … ask; in the same words in both eras. */
export const QUESTIONS = {
  sample: {
    method: 'sampling/createMessage',
    params: {
      messages: [{ role: 'user', content: { type: 'text', text: 'Say something.' } }],
      maxTokens: 10,
      systemPrompt: 'Be brief.',
    },
  },
  elicit: {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: 'Who are you?',
      requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    },
  },
  'elicit-url': {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'Sign in there', url: 'https://probe.example/sign-in', elicitationId: 'e-1' },
  },
  roots: { method: 'roots/list', params: {} },
} as const

export type Question = keyof typeof QUESTIONS

export const text = (value: unknown) => ({
  content: [{ type: 'text' as const, text: typeof value === 'string' ? value : JSON.stringify(value) }],
})

export const LOGGED = [
  { level: 'debug', logger: 'probe', data: { step: 1 } },
  { level: 'warning', logger: 'probe', data: { step: 2 } },
] as const
