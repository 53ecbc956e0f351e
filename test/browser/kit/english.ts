// English that stands on a page in another language: texts, and attributes that are read out, with four words of Latin letters in a row. What is
// marked as English, what is code or a name set apart (bdi), and what a person or a server wrote (`known`) does not count; names of products are no words.
import type { Page } from 'playwright-core'

const NAMES =
  /\b(MCPHub|MCP|VS Code|Claude( Code| Desktop)?|Cursor|GitHub( Enterprise( Server)?)?|OpenID Connect|Keycloak|Entra ID|Google|Okta|Argo CD|Flux|Helm|Kubernetes|PostgreSQL|Node(\.js)?|OAuth|JSON( Lines)?|YAML|HTTPS?|URL|ID|API|PKCE)\b/g
const SENTENCE = /\p{Script=Latin}[\p{Script=Latin}'’-]*(?:[\s,;:.()"“”]+\p{Script=Latin}[\p{Script=Latin}'’-]*){3,}/u

/** Also of what is folded away: a person unfolds it. */
const TEXTS = `(() => {
  const OUTSIDE = 'script, style, noscript, template, code, pre, kbd, samp, textarea, bdi:not([lang]), .cm-editor'
  const ATTRIBUTES = ['aria-label', 'aria-description', 'title', 'alt', 'placeholder']
  const isOurs = (element) =>
    element.closest(OUTSIDE) === null && element.closest('[lang]')?.lang === document.documentElement.lang
  const found = [document.title]
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
    if (isOurs(node.parentElement)) found.push(node.data)
  for (const element of document.querySelectorAll(ATTRIBUTES.map((name) => '[' + name + ']').join()))
    if (isOurs(element)) found.push(...ATTRIBUTES.map((name) => element.getAttribute(name) ?? ''))
  return found
})()`

/** Every text of the page that may be English, to be judged by `isEnglish` when it is known what is somebody's. */
export const readTexts = (page: Page): Promise<readonly string[]> => page.evaluate(TEXTS)

/** `known`: what people and servers wrote, the longest first. */
export function isEnglish(text: string, known: readonly string[]): boolean {
  const own = known.reduce((rest, one) => rest.replaceAll(one, '…'), text)
  return SENTENCE.test(own.replace(NAMES, '…'))
}

/** Members of the hub's answers that hold what people and servers wrote; the hub's own sentences stand in others. */
const WRITTEN = new Set(['name', 'displayName', 'description', 'label', 'help', 'text', 'browser', 'userAgent'])

/** Sentences, lines, and the pieces between characters that cannot be seen: those are shown as signs of their own. */
const LINES = /(?<=[.!?])\s+|\n|\p{Cf}/u

/** All texts of an answer that somebody wrote, to any depth. */
export function listWritten(answer: string): readonly string[] {
  const found: string[] = []
  const look = (value: unknown, member: string, isSchema: boolean): void => {
    // a difference is shown line by line
    if (typeof value === 'string' && (isSchema || WRITTEN.has(member))) found.push(value, ...value.split(LINES))
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value)) {
      const passed = Array.isArray(value) ? member : name
      look(
        inner,
        passed,
        isSchema || ['inputSchema', 'outputSchema', 'annotations', 'tools', 'definition'].includes(passed),
      )
    }
  }
  try {
    look(JSON.parse(answer), '', false)
  } catch {
    // a stream, or a page of the console
  }
  return found
}
