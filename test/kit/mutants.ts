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
}

export interface PlantedGateway {
  /** to be started in place of gateway/src/main.ts */
  readonly entry: string
  remove(): void
}

export function plant(mutant: Mutant): PlantedGateway {
  const root = mkdtempSync(join(tmpdir(), 'mcphub-mutant-'))
  chmodSync(root, 0o755)
  cpSync(join(ROOT, 'gateway'), join(root, 'gateway'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const file = join(root, 'gateway/src', mutant.file)
  const text = readFileSync(file, 'utf8')
  if (text.split(mutant.find).length !== 2)
    throw new Error(`mutant ${mutant.name}: its place stands not exactly once in ${mutant.file}`)
  writeFileSync(
    file,
    text.replace(mutant.find, () => mutant.replace),
  )
  return { entry: join(root, 'gateway/src/main.ts'), remove: () => rmSync(root, { recursive: true, force: true }) }
}
