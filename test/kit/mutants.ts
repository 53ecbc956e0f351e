// Planted faults: a copy of the gateway's sources with one place changed, to prove that a check can fail. The place must exist exactly once.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = new URL('../../', import.meta.url).pathname

export interface Mutant {
  readonly name: string
  /** below gateway/src */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** what the check that finds it says */
  readonly shows?: RegExp
}

export interface PlantedGateway {
  readonly root: string
  /** to be started in place of gateway/src/main.ts */
  readonly entry: string
  remove(): void
}

/** `withTests`: with a copy of the tests, which then test the planted sources. */
export function plant(mutant: Mutant, { withTests = false }: { readonly withTests?: boolean } = {}): PlantedGateway {
  const root = mkdtempSync(join(tmpdir(), 'mcphub-mutant-'))
  chmodSync(root, 0o755)
  cpSync(join(ROOT, 'gateway'), join(root, 'gateway'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  })
  // not all of them: test/out holds what was installed to be tested against
  for (const folder of withTests ? ['generative', 'kit'] : []) {
    cpSync(join(ROOT, 'test', folder), join(root, 'test', folder), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  symlinkSync(join(ROOT, 'packages'), join(root, 'packages'))
  const file = join(root, 'gateway/src', mutant.file)
  const text = readFileSync(file, 'utf8')
  if (text.split(mutant.find).length !== 2)
    throw new Error(`mutant ${mutant.name}: its place stands not exactly once in ${mutant.file}`)
  writeFileSync(
    file,
    text.replace(mutant.find, () => mutant.replace),
  )
  return {
    root,
    entry: join(root, 'gateway/src/main.ts'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
