// What no page may ever do, whatever a test looks at: fault, complain, break its own policy, or ask another host for anything.
import type { BrowserContext, ConsoleMessage, Request } from 'playwright-core'

export interface Guard {
  /** what was seen since the last look */
  take(): readonly string[]
}

/** The browser says so of every answer beyond 399; whether one may be is for the test to say. */
const ANSWER = /^Failed to load resource: the server responded with a status of 4\d\d/

/** Of what a page asks only itself for. */
const INSIDE = new Set(['data:', 'blob:', 'about:'])

/** `also`: other origins that may be visited, such as that of a provider people log in with. */
export function watchContext(context: BrowserContext, origin: string, also: readonly string[] = []): Guard {
  let seen: string[] = []
  const onConsole = (message: ConsoleMessage): void => {
    const isFault = message.type() === 'error' || message.type() === 'warning'
    const { url, lineNumber } = message.location()
    if (isFault && !ANSWER.test(message.text()))
      seen.push(`${message.type()}: ${message.text()} (${url}:${lineNumber})`)
  }
  const onRequest = (request: Request): void => {
    const url = new URL(request.url())
    const isVisit = also.includes(url.origin) && request.isNavigationRequest()
    const isOwn = url.origin === origin || isVisit || INSIDE.has(url.protocol)
    if (!isOwn) seen.push(`asks ${url.origin}`)
  }
  context.on('console', onConsole)
  context.on('weberror', (fault) => seen.push(`fault: ${fault.error().message}`))
  context.on('request', onRequest)
  context.on('response', (answer) => {
    if (answer.status() >= 400 && new URL(answer.url()).pathname.startsWith('/assets/')) seen.push(`no ${answer.url()}`)
  })
  return {
    take: () => {
      const taken = seen
      seen = []
      return taken
    },
  }
}
