// Where one goes after the login: back to the page one came from, and never off this hub (CON-4).
const LONGEST = 512

/** `wanted` as it stands in the address; anything but a plain path of this hub leads to the start. */
export function readReturnPath(wanted: string | null): string {
  if (wanted === null || wanted.length > LONGEST) return '/'
  const isPath = /^\/(?![/\\])/.test(wanted) && !/[\u0000-\u001f\u007f\\]/.test(wanted)
  if (!isPath || !URL.canParse(wanted, ORIGIN)) return '/'
  const { origin, pathname, search } = new URL(wanted, ORIGIN)
  const isDoor = /^\/(login|setup)(\/|$)/.test(pathname)
  return origin === ORIGIN && !isDoor && !pathname.startsWith('//') ? pathname + search : '/'
}

/** Whichever: what leads away from it leads away from the hub's own. */
const ORIGIN = 'https://hub.invalid'
