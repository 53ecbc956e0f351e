// What a page costs a visitor, as Chromium measures it: bytes on the wire, the largest paint, what jumped, how long it was deaf.
import type { CDPSession, Page } from 'playwright-core'

export interface Cost {
  /** bytes as they came, by kind */
  readonly script: number
  readonly style: number
  /** milliseconds from the start of the navigation */
  readonly largestPaint: number
  readonly layoutShift: number
  /** of all tasks beyond 50 ms, what was beyond, from the first content on: before it there is nothing to be deaf to (as Lighthouse's TBT); in milliseconds */
  readonly blocking: number
}

/** as the usual judge of pages slows a desk down to a phone */
export const SLOW_DOWN = 4

const OBSERVE = `
  window.__cost = { largestPaint: 0, layoutShift: 0 }
  window.__tasks = []
  const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  watch('largest-contentful-paint', (entry) => { window.__cost.largestPaint = entry.startTime })
  watch('layout-shift', (entry) => { if (!entry.hadRecentInput) window.__cost.layoutShift += entry.value })
  watch('longtask', (entry) => window.__tasks.push([entry.startTime, entry.startTime + entry.duration]))
`

const BLOCKING = `{
  const from = performance.getEntriesByName('first-contentful-paint')[0].startTime
  window.__tasks.reduce((sum, [begun, ended]) => sum + Math.max(0, ended - Math.max(begun, from) - 50), 0)
}`

/** Loads `url` as a first visit on a machine `slowDown` times slower, and waits for the heading `title`. */
export async function measureVisit(page: Page, url: string, title: string, slowDown: number): Promise<Cost> {
  const cdp = await page.context().newCDPSession(page)
  const bytes = await countBytes(cdp)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: slowDown })
  await page.addInitScript(OBSERVE)
  // whoever looks for the heading meanwhile does so in the page, four times as slowly, and is measured with it
  await page.goto(url, { waitUntil: 'networkidle' })
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  const seen: Pick<Cost, 'largestPaint' | 'layoutShift'> = await page.evaluate('window.__cost')
  const blocking: number = await page.evaluate(BLOCKING)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  return { ...seen, blocking, script: bytes.Script ?? 0, style: bytes.Stylesheet ?? 0 }
}

async function countBytes(cdp: CDPSession): Promise<{ Script?: number; Stylesheet?: number }> {
  const kinds = new Map<string, string>()
  const bytes: Record<string, number> = {}
  await cdp.send('Network.enable')
  cdp.on('Network.responseReceived', ({ requestId, type }) => void kinds.set(requestId, type))
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId) ?? ''
    bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength
  })
  return bytes
}

/** The longest pause between two frames while a person scrolls `pages` windows far, in milliseconds. */
export async function measureScrolling(page: Page, pages: number): Promise<number> {
  await page.evaluate(`{
    window.__frames = []
    let before = performance.now()
    const frame = (now) => { window.__frames.push(now - before); before = now; window.__raf = requestAnimationFrame(frame) }
    window.__raf = requestAnimationFrame(frame)
  }`)
  const { height, width } = page.viewportSize()!
  await page.mouse.move(width / 2, height / 2)
  for (let step = 0; step < pages * 8; step++) {
    await page.mouse.wheel(0, height / 8)
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))')
  }
  return page.evaluate('(cancelAnimationFrame(window.__raf), Math.max(...window.__frames.slice(1)))')
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
