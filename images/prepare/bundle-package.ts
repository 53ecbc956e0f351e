// A server's package as one bundle beside its node_modules. Modules go on seeing their own old paths, so files that they read beside themselves are found;
// whatever cannot be bundled makes the bundler fail, and what could be bundled but behaves otherwise is found by the self-check (main.ts).
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Esbuild from 'esbuild'

const BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"
const OWN_PLACE = /\bimport\.meta\.(?:url|dirname|filename)\b|\b__(?:dirname|filename)\b/
const DECLARED = /\b(?:const|let|var)\s+__(?:dirname|filename)\b/

/** The module's own place, written into it before it is moved. */
export function keepPlace(text: string, path: string): string {
  const known = text
    .replaceAll(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(path).href))
    .replaceAll(/\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path)))
    .replaceAll(/\bimport\.meta\.filename\b/g, JSON.stringify(path))
  if (DECLARED.test(known)) return known
  return known
    .replaceAll(/(?<!\.)\b__dirname\b/g, JSON.stringify(dirname(path)))
    .replaceAll(/(?<!\.)\b__filename\b/g, JSON.stringify(path))
}

const KEEP_PLACES: Esbuild.Plugin = {
  name: 'keep-places',
  setup: (build) => {
    build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return OWN_PLACE.test(text) ? { contents: keepPlace(text, path), loader: 'js' } : null
    })
  },
}

/** @returns the path of the bundle. @throws Error when the package cannot be bundled */
export async function bundlePackage(esbuild: typeof Esbuild, entry: string, target: string): Promise<string> {
  const { metafile } = await esbuild.build({
    entryPoints: { server: entry },
    outdir: target,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // what is imported late stays late
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node.split('.')[0]}`,
    minify: true,
    keepNames: true,
    legalComments: 'linked',
    banner: { js: BANNER },
    plugins: [KEEP_PLACES],
    metafile: true,
    logLevel: 'silent',
  })
  if (Object.keys(metafile.outputs).length === 0) throw new Error('the bundler wrote nothing')
  return `${target}/server.mjs`
}
