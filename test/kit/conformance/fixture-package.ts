// The conformance fixture as an npm package: one bundle, since a sandbox sees nothing of this project.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export const FIXTURE_PACKAGE = { name: '@mcphub-test/conformance-server', version: '1.0.0' }

/** Returns the package's folder. */
export async function bundleFixture(): Promise<string> {
  const folder = join(mkdtempSync(join(tmpdir(), 'mcphub-fixture-')), 'conformance-server')
  mkdirSync(folder)
  await build({
    entryPoints: [fileURLToPath(import.meta.resolve('./fixture-stdio.ts'))],
    outfile: join(folder, 'server.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    banner: { js: '#!/usr/bin/env node' },
    logLevel: 'error',
  })
  const manifest = {
    ...FIXTURE_PACKAGE,
    license: 'Apache-2.0',
    type: 'module',
    bin: { 'conformance-server': 'server.js' },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  return folder
}
