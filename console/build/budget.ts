// Fails the build when the first page would cost a visitor more than promised: what index.html names, and all of what that imports.
import { gzipSync } from 'node:zlib'
import type { Plugin, Rolldown } from 'vite'

/** gzip, in bytes (issue 6, figures) */
export const FIRST_LOAD = { script: 150_000, style: 20_000 } as const

type Bundle = Rolldown.OutputBundle

export interface FirstLoad {
  readonly script: number
  readonly style: number
  /** bytes by file, largest first */
  readonly files: readonly (readonly [file: string, bytes: number])[]
}

export function budget(): Plugin {
  return {
    name: 'mcphub-budget',
    apply: 'build',
    writeBundle: {
      order: 'post',
      sequential: true,
      handler(_options, bundle) {
        const load = measureFirstLoad(bundle)
        const [script, style] = [kilobytes(load.script), kilobytes(load.style)]
        const text = `first load, gzip: script ${script} of 150 kB, styles ${style} of 20 kB`
        if (load.script <= FIRST_LOAD.script && load.style <= FIRST_LOAD.style) {
          this.info(text)
          return
        }
        const files = load.files.map(([file, bytes]) => `  ${kilobytes(bytes).padStart(6)} ${file}`).join('\n')
        throw new Error(`${text}: too much\n${files}`)
      },
    },
  }
}

export function measureFirstLoad(bundle: Bundle): FirstLoad {
  const html = bundle['index.html']
  if (html?.type !== 'asset') throw new Error('index.html was not built')
  const named = [...String(html.source).matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]!)
  const files = [...withImports(bundle, named)].map((file) => [file, sizeOf(bundle, file)] as const)
  const sum = (ending: string) => files.reduce((all, [file, bytes]) => (file.endsWith(ending) ? all + bytes : all), 0)
  return { script: sum('.js'), style: sum('.css'), files: files.toSorted((a, b) => b[1] - a[1]) }
}

function withImports(bundle: Bundle, named: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  const queue = [...named]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const one = bundle[file]
    if (one === undefined || found.has(file)) continue
    found.add(file)
    if (one.type === 'chunk') queue.push(...one.imports)
  }
  return found
}

function sizeOf(bundle: Bundle, file: string): number {
  const one = bundle[file]!
  return gzipSync(one.type === 'chunk' ? one.code : one.source, { level: 9 }).length
}

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1)
