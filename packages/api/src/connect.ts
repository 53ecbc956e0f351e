// What a person pastes into an editor, or clicks, so that it speaks to the hub: pure text, shown by the console, the launcher and `mcphub connect`.

export type Editor = 'cursor' | 'claude-code' | 'vscode' | 'claude-desktop'

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
    {
      editor: 'claude-desktop',
      title: 'Claude Desktop',
      where: 'claude_desktop_config.json',
      text: formatJson({ mcpServers: { [name]: buildBridge(endpoint, authorization) } }),
    },
  ]
}

export interface InstallLink {
  readonly editor: Editor
  readonly title: string
  /** opens the editor, which asks before it adds the hub; it holds the key, so it is a secret as the key itself */
  readonly url: string
}

/** For editors that register a scheme of their own with the system. */
export function buildInstallLinks(endpoint: string, key: string): readonly InstallLink[] {
  const name = HUB_SERVER_NAME
  const config = encodeBase64(JSON.stringify({ url: buildKeyedUrl(endpoint, key) }))
  const server = { name, type: 'http', url: endpoint, headers: { Authorization: `Bearer ${key}` } }
  return [
    {
      editor: 'cursor',
      title: 'Cursor',
      url: `cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${encodeURIComponent(config)}`,
    },
    {
      editor: 'vscode',
      title: 'VS Code',
      url: `vscode:mcp/install?${encodeURIComponent(JSON.stringify(server))}`,
    },
  ]
}

/**
 * Claude Desktop starts programs and speaks to no address with a header of one's own, so a program stands in between. The header comes by way of
 * its environment: on Windows an argument with a space would be taken apart.
 */
function buildBridge(endpoint: string, authorization: string) {
  const isPlainElsewhere =
    endpoint.startsWith('http://') && !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(endpoint)
  return {
    command: 'npx',
    args: [
      ...['-y', 'mcp-remote', endpoint, '--header', 'Authorization:${MCPHUB_AUTHORIZATION}'],
      ...(isPlainElsewhere ? ['--allow-http'] : []),
    ],
    env: { MCPHUB_AUTHORIZATION: authorization },
  }
}

/** The endpoint with the key in its query, as a person pastes it. */
export function buildKeyedUrl(endpoint: string, key: string): string {
  return `${endpoint}${endpoint.includes('?') ? '&' : '?'}key=${encodeURIComponent(key)}`
}

const encodeBase64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))

const formatJson = (value: unknown): string => JSON.stringify(value, null, 2)

/** Single quotes for a POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
