// The editors one can connect, and what each is given: a link that opens it, a text to be pasted. What holds the key lives only as long as it
// is shown.
import { buildConnectBlocks, buildInstallLinks, type ConnectBlock, type Editor } from '@mcphub/api'

/** `other`: anything else that speaks MCP. */
export type Choice = Editor | 'other'

/** Names of products, the same in every language; null: the page has a word for it. */
export const EDITORS: readonly { readonly editor: Choice; readonly title: string | null }[] = [
  { editor: 'cursor', title: 'Cursor' },
  { editor: 'vscode', title: 'VS Code' },
  { editor: 'claude-code', title: 'Claude Code' },
  { editor: 'claude-desktop', title: 'Claude Desktop' },
  { editor: 'other', title: null },
]

export const readChoice = (text: string | null): Choice =>
  EDITORS.find(({ editor }) => editor === text)?.editor ?? EDITORS[0]!.editor

/** Null: a product without a name of its own. */
export const titleOf = (choice: Choice): string | null => EDITORS.find(({ editor }) => editor === choice)!.title

/** A key for a single server is used at that server's own endpoint. */
export function endpointOf(
  origin: string,
  { servers, group }: { servers: readonly string[] | null; group: unknown },
): string {
  const only = group === null && servers?.length === 1 ? servers[0] : undefined
  return only === undefined ? `${origin}/mcp` : `${origin}/mcp/${encodeURIComponent(only)}`
}

export const findBlock = (choice: Choice, endpoint: string, key: string): ConnectBlock | undefined =>
  buildConnectBlocks(endpoint, key).find(({ editor }) => editor === choice)

export const findLink = (choice: Choice, endpoint: string, key: string): string | undefined =>
  buildInstallLinks(endpoint, key).find(({ editor }) => editor === choice)?.url
