// Which executable of a package is the server, from its package.json. Pure.
import { posix } from 'node:path'

export type Bins = Readonly<Record<string, string>>

/** The name without its scope: `@scope/name` → `name`. */
const bareName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** Path inside the package, or null when it would leave it. */
function cleanPath(path: unknown): string | null {
  if (typeof path !== 'string' || path.includes('\0')) return null
  const clean = posix.normalize(`./${path}`)
  return clean.startsWith('../') || clean === '..' || clean === '.' || posix.isAbsolute(clean) ? null : clean
}

/** The `bin` member in its one full form. */
export function readBins(name: string, bin: unknown): Bins {
  const pairs = typeof bin === 'string' ? [[bareName(name), bin] as const] : Object.entries(bin ?? {})
  return Object.fromEntries(
    pairs.flatMap(([key, path]) => {
      const clean = cleanPath(path)
      return clean === null ? [] : [[key, clean]]
    }),
  )
}

/** The chosen path, or why none can be chosen. */
export function chooseBin(
  name: string,
  bins: Bins,
  wanted: string | undefined,
): { readonly path: string } | { readonly fault: string } {
  const names = Object.keys(bins)
  if (names.length === 0) return { fault: 'the package has no executable (`bin`), so it is no server' }
  if (wanted !== undefined) {
    const path = Object.hasOwn(bins, wanted) ? bins[wanted] : undefined
    return path === undefined
      ? { fault: `the package has no executable of that name; it has ${names.join(', ')}` }
      : { path }
  }
  const paths = new Set(Object.values(bins))
  const [only] = paths
  if (paths.size === 1 && only !== undefined) return { path: only }
  const own = Object.hasOwn(bins, bareName(name)) ? bins[bareName(name)] : undefined
  return own === undefined
    ? { fault: `the package has several executables (${names.join(', ')}); name one in \`bin\`` }
    : { path: own }
}

/** How to start it: by our node, unless its first line names another interpreter or it is no script at all. */
export function needsNode(path: string, firstBytes: string): boolean {
  const shebang = /^#!(.*)/.exec(firstBytes)?.[1]
  if (shebang !== undefined) return /\bnode\b/.test(shebang)
  return /\.[cm]?[jt]s$/.test(path) || !firstBytes.startsWith('\x7fELF')
}
