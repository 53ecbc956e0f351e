// What a mouse can do on a page and a keyboard cannot: controls that Tab passes by or meets out of their turn, and other elements that listen for a
// click. Of a set that is gone through by arrows (tabs, options, entries of a menu) one has the place of all.
import type { Page } from 'playwright-core'

const LOOK = `(() => {
  const CONTROL = 'a[href], button, input, select, textarea, summary, [role=button], [role=link], [role=switch], [role=checkbox], [role=combobox], [role=textbox]'
  const OF_SET = '[role=tab], [role=option], [role=menuitem], [role=menuitemradio], [role=radio]'
  const AROUND_SET = '[role=menu], [role=presentation]'
  const LISTENS = ['onClick', 'onMouseDown', 'onPointerDown', 'onDoubleClick']
  const place = document.querySelector('dialog:modal') ?? document.body
  const isShown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.closest('[aria-hidden=true], [inert]') === null
  const nameOf = (one) => one.tagName.toLowerCase() + ' "' + (one.getAttribute('aria-label') ?? one.textContent).trim().slice(0, 40) + '"'
  // React keeps what an element listens for beside it
  const listens = (one) => {
    const key = Object.keys(one).find((name) => name.startsWith('__reactProps$'))
    return key !== undefined && LISTENS.some((name) => one[key][name] !== undefined)
  }
  const shown = [...place.querySelectorAll('*')].filter(isShown)
  return [
    ...shown.filter((one) => one.matches(CONTROL) && !one.matches(OF_SET) && !one.disabled && !one.isContentEditable && one.tabIndex < 0).map((one) => 'not by Tab: ' + nameOf(one)),
    ...shown.filter((one) => one.tabIndex > 0).map((one) => 'out of turn: ' + nameOf(one)),
    ...shown.filter((one) => listens(one) && !one.matches(CONTROL + ', ' + OF_SET + ', ' + AROUND_SET)).map((one) => 'by mouse alone: ' + nameOf(one)),
    ...[...place.querySelectorAll('[role=tablist]')].filter((set) => isShown(set) && set.querySelectorAll('[role=tab][tabindex="0"]').length !== 1).map((set) => 'no way into: ' + nameOf(set)),
  ]
})()`

/** One line for each, by its name; empty: a keyboard can do all. */
export const listUnreachable = (page: Page): Promise<readonly string[]> => page.evaluate(LOOK)
