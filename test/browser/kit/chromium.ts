// Debian's Chromium for tests: one browser for a file, one context for a page, and what makes a test skip by name where there is none.
import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

const EXECUTABLE = process.env['MCPHUB_CHROMIUM'] ?? '/usr/bin/chromium'

/** Null: it is there. */
export const CHROMIUM_MISSING = existsSync(EXECUTABLE)
  ? null
  : 'Chromium is not installed (Debian: apt-get install chromium fonts-noto-cjk)'

export interface Look {
  readonly theme: 'light' | 'dark'
  readonly language: 'en' | 'ko'
  /** of the window, in pixels */
  readonly width: number
}

export const USUAL_LOOK: Look = { theme: 'light', language: 'en', width: 1280 }

let browser: Promise<Browser> | null = null

export function startBrowser(): Promise<Browser> {
  // root has no sandbox of Chromium's; what it opens here is our own pages
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  browser ??= chromium.launch({ executablePath: EXECUTABLE, args })
  return browser
}

export async function endBrowser(): Promise<void> {
  await (await browser)?.close()
  browser = null
}

/** Of a window that wide, in pixels. */
export const heightOf = (width: number): number => (width < 500 ? 740 : 900)

/** A browser profile of its own, with the theme and language of the look as the system's. */
export async function openContext({ theme, language, width }: Look): Promise<BrowserContext> {
  const context = await (
    await startBrowser()
  ).newContext({
    viewport: { width, height: heightOf(width) },
    colorScheme: theme,
    locale: language === 'ko' ? 'ko-KR' : 'en-US',
    timezoneId: 'Asia/Seoul',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(20_000)
  return context
}
