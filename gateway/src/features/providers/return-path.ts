// Where a login ends up: on a page of this hub, whatever the address asked for (CON-4).

const HOME = '/'
const LONGEST = 512
/** controls of any kind, and what browsers read as a slash */
const ODD = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u
/** no pages: a login must not end in another login, or in an answer for programs */
const NO_PAGE = /^\/(api|mcp|\.well-known|assets|login|setup)(\/|$)/i

/** A path as it can stand in a Location header; `/` for everything that is none, or none of `origin`. */
export function toReturnPath(wanted: string | undefined, origin: string): string {
  if (wanted === undefined || wanted.length > LONGEST || ODD.test(wanted) || !wanted.startsWith('/')) return HOME
  const url = URL.parse(wanted, origin)
  if (url === null || url.origin !== new URL(origin).origin) return HOME
  // `/.//host` is a path of ours until it is written short
  if (url.pathname.startsWith('//') || NO_PAGE.test(url.pathname)) return HOME
  return `${url.pathname}${url.search}${url.hash}`
}
