// Reads a list of any length to its end, as somebody who turns the wheel.
import type { Locator, Page } from 'playwright-core'
import { waitUntil } from '../../kit/wait-until.ts'

export interface Scrolled {
  /** rows in the page at the same time, at most */
  readonly most: number
  /** rows that were seen, by their place in the list */
  readonly seen: number
}

/** Ends when `enough` rows were seen. @throws Error when nothing new comes any more before that */
export async function scrollToEnd(page: Page, rows: Locator, enough: number): Promise<Scrolled> {
  let most = 0
  let seen = 0
  const look = async (): Promise<boolean> => {
    await page.evaluate('window.scrollTo(0, document.documentElement.scrollHeight)')
    most = Math.max(most, await rows.count())
    seen = Math.max(seen, Number(await rows.last().getAttribute('aria-posinset')))
    return seen >= enough
  }
  await waitUntil(look, `${enough} rows`, 30_000)
  return { most, seen }
}
