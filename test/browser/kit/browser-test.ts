// The `test` of browser stories: opens pages of a hub, and in the end looks at what the guard saw. Skips by name without Chromium.
import type { BrowserContext, Page } from 'playwright-core'
import { expect, test as base } from 'vitest'
import type { TestHub, TestUser } from '../../kit/hub.ts'
import { CHROMIUM_MISSING, openContext, USUAL_LOOK, type Look } from './chromium.ts'
import { watchContext, type Guard } from './guard.ts'
import { logIn } from './person.ts'

export interface Visit extends Partial<Look> {
  readonly hub: TestHub
  readonly path: string
  /** absent: nobody is logged in */
  readonly person?: Pick<TestUser, 'id'>
  /** other origins the page may lead to */
  readonly leadsTo?: readonly string[]
}

/** A page in a browser profile of its own. */
export type Open = (visit: Visit) => Promise<Page>

export const test = base.extend<{ open: Open }>({
  open: async ({ skip }, use) => {
    if (CHROMIUM_MISSING !== null) skip(CHROMIUM_MISSING)
    const opened: { readonly context: BrowserContext; readonly guard: Guard }[] = []
    await use(async ({ hub, path, person, leadsTo, ...look }) => {
      const context = await openContext({ ...USUAL_LOOK, ...look })
      opened.push({ context, guard: watchContext(context, hub.url, leadsTo) })
      if (person) await logIn(context, hub, person)
      const page = await context.newPage()
      await page.goto(hub.url + path)
      return page
    })
    const seen = opened.flatMap(({ guard }) => guard.take())
    await Promise.all(opened.map(({ context }) => context.close()))
    expect(seen).toEqual([])
  },
})
