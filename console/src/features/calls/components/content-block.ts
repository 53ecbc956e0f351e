// What a block of a tool's answer may be shown as. All of it is the server's text: an address is shown, never followed; an image is one of four
// kinds that hold no script; whatever is not known is text.
export type Shown =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly source: string }
  /** to be saved as a file */
  | { readonly kind: 'file'; readonly base64: string; readonly type: string; readonly name: string }
  | { readonly kind: 'link'; readonly address: string; readonly name: string; readonly mayOpen: boolean }
  | { readonly kind: 'json'; readonly text: string }

interface Block {
  readonly type: string
  readonly [member: string]: unknown
}

const IMAGES: ReadonlySet<unknown> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** A picture larger than this is a file. */
const LONGEST_PICTURE = 8 * 1024 * 1024

export function presentBlock(block: Block): Shown {
  switch (block.type) {
    case 'text':
      return typeof block['text'] === 'string' ? { kind: 'text', text: block['text'] } : asJson(block)
    case 'image':
    case 'audio':
      return presentBytes(block, block['data'], block['mimeType'])
    case 'resource':
      return presentResource(block)
    case 'resource_link':
      return presentLink(block)
    default:
      return asJson(block)
  }
}

function presentBytes(block: object, data: unknown, type: unknown): Shown {
  if (typeof data !== 'string' || !BASE64.test(data)) return asJson(block)
  if (IMAGES.has(type) && data.length <= LONGEST_PICTURE) {
    return { kind: 'image', source: `data:${String(type)};base64,${data}` }
  }
  // never the server's own type: a browser might open what it is told is a page
  return { kind: 'file', base64: data, type: 'application/octet-stream', name: `result${endingOf(type)}` }
}

function presentResource(block: Block): Shown {
  const { resource } = block as { resource?: unknown }
  if (typeof resource !== 'object' || resource === null) return asJson(block)
  const { text, blob, mimeType } = resource as Record<string, unknown>
  if (typeof text === 'string') return { kind: 'text', text }
  return presentBytes(block, blob, mimeType)
}

function presentLink(block: Block): Shown {
  const { uri, name, title } = block as Record<string, unknown>
  if (typeof uri !== 'string') return asJson(block)
  const words = [title, name].find((one) => typeof one === 'string' && one !== '') as string | undefined
  const url = URL.parse(uri)
  const mayOpen = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return { kind: 'link', address: mayOpen ? url.href : uri, name: words ?? uri, mayOpen }
}

const asJson = (value: unknown): Shown => ({ kind: 'json', text: JSON.stringify(value, null, 2) })

/** `audio/wav` → `.wav`; whatever is odd has none. */
function endingOf(type: unknown): string {
  const ending = typeof type === 'string' ? /^[a-z]+\/([a-z0-9]{1,8})$/.exec(type)?.[1] : undefined
  return ending === undefined ? '' : `.${ending}`
}
