// axe on a page: WCAG 2.2 AA and the best practices. Each finding is one line that says where.
import axe from 'axe-core'
import type { Page } from 'playwright-core'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** What another theme can change: colours, and nothing else. */
const OF_COLOUR = ['color-contrast', 'link-in-text-block']

/** `what`: everything, or what a page that was looked at already may have lost by a change of its theme. */
export async function checkAccess(page: Page, what: 'all' | 'colours' = 'all'): Promise<string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe.source)
  const runOnly = what === 'all' ? { type: 'tag', values: TAGS } : { type: 'rule', values: OF_COLOUR }
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] })
  const { violations }: axe.AxeResults = await page.evaluate(`axe.run(document, ${options})`)
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.flat().join(' ')}: ${failureSummary ?? ''}`),
  )
}
