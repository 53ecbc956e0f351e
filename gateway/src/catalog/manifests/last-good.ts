// The versions that served last, kept in one file, so that a manifest broken while the hub was down does not take its server away.
// Holds manifests only; values of variables are not in them. A file that cannot be read is as good as none: it is only a second net.
import { mcpServer, userGroup } from '@mcphub/api'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { checkCrossFields } from './checks.ts'
import type { Good } from './assemble.ts'
import { toResource } from './parse.ts'
import type { Resource, ResourceKey } from './parse.ts'

const keptFile = z.object({
  version: z.literal(1),
  resources: z.array(z.object({ file: z.string(), line: z.number(), source: z.unknown() })),
})
const manifest = z.discriminatedUnion('kind', [mcpServer, userGroup])

export async function loadLastGood(path: string): Promise<Good> {
  const good = new Map<ResourceKey, Resource>()
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return good
  for (const { file, line, source } of readKept(text)) {
    const parsed = manifest.safeParse(source)
    if (!parsed.success || checkCrossFields(parsed.data).length > 0) continue
    const resource = toResource(parsed.data, { file, line, source })
    good.set(resource.key, resource)
  }
  return good
}

function readKept(text: string): z.infer<typeof keptFile>['resources'] {
  try {
    return keptFile.parse(JSON.parse(text)).resources
  } catch {
    return []
  }
}

/** Written whole and renamed, readable by the hub alone. */
export async function saveLastGood(path: string, good: Good): Promise<void> {
  const resources = [...good.values()].map(({ file, line, source }) => ({ file, line, source }))
  const draft = `${path}.${randomUUID()}`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await writeFile(draft, JSON.stringify({ version: 1, resources }), { mode: 0o600 })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
