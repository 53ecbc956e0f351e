// What a person pastes into an editor so that it speaks to the hub: pure text, printed by the launcher and by `mcphub connect`.

export type Editor = 'cursor' | 'claude-code' | 'vscode'

export interface ConnectBlock {
  readonly editor: Editor
  readonly title: string
  /** where the text goes: a file to merge it into, or a shell */
  readonly where: string
  readonly text: string
}

/** The name of the hub in an editor's list of servers. */
export const HUB_SERVER_NAME = 'mcp-hub'

/**
 * `endpoint` is the URL without a key (`http://localhost:3000/mcp`, also `/mcp/{server}`, `?view=`). Cursor gets the one URL a person passes
 * on; the others get the key as a header, because there it stays out of the URLs they log.
 */
export function buildConnectBlocks(endpoint: string, key: string): readonly ConnectBlock[] {
  const authorization = `Bearer ${key}`
  const name = HUB_SERVER_NAME
  return [
    {
      editor: 'cursor',
      title: 'Cursor',
      where: '~/.cursor/mcp.json',
      text: formatJson({ mcpServers: { [name]: { url: buildKeyedUrl(endpoint, key) } } }),
    },
    {
      editor: 'claude-code',
      title: 'Claude Code',
      where: 'a shell',
      text: [
        'claude mcp add --transport http',
        name,
        quote(endpoint),
        '--header',
        quote(`Authorization: ${authorization}`),
      ].join(' '),
    },
    {
      editor: 'vscode',
      title: 'VS Code',
      where: '.vscode/mcp.json',
      text: formatJson({
        servers: { [name]: { type: 'http', url: endpoint, headers: { Authorization: authorization } } },
      }),
    },
  ]
}

/** The endpoint with the key in its query, as a person pastes it. */
export function buildKeyedUrl(endpoint: string, key: string): string {
  return `${endpoint}${endpoint.includes('?') ? '&' : '?'}key=${encodeURIComponent(key)}`
}

const formatJson = (value: unknown): string => JSON.stringify(value, null, 2)

/** Single quotes for a POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
