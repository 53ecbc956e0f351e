// The pages on which a manifest is written, as those who test them take hold of them.
import type { Locator, Page } from 'playwright-core'

export const manifestOf = (kind: 'McpServer' | 'UserGroup', name: string, spec: string): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec:\n${spec.replace(/^(?=.)/gm, '  ')}`

/** Nobody listens there. */
export const REMOTE = 'type: Remote # for ever\nremote:\n  url: http://127.0.0.1:9/mcp\n'

export const dialog = (page: Page): Locator => page.getByRole('dialog')
export const save = (page: Page): Promise<void> => dialog(page).getByRole('button', { name: 'Save' }).click()
export const review = (page: Page): Promise<void> => page.getByRole('button', { name: 'Review and save' }).click()
export const editor = (page: Page): Locator => page.getByRole('textbox', { name: 'Manifest' })

/** Puts a line at the end of the text. */
export async function addLine(page: Page, line: string): Promise<void> {
  await editor(page).focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.insertText(line)
}
