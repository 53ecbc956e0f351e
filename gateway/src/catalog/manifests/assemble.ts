// All files of the folder + what served before → what serves now, and every reason why something does not. Pure.
// Guarantees: one resource per name, one server per prefix; a fault never removes what served before, only a deletion does.
import type { CatalogFault } from '../catalog.ts'
import type { ParsedFile, Resource, ResourceKey } from './parse.ts'

export type Good = ReadonlyMap<ResourceKey, Resource>

export interface Assembled {
  readonly good: Good
  readonly faults: readonly CatalogFault[]
}

export function assemble(files: readonly ParsedFile[], before: Good): Assembled {
  const ordered = [...files].sort((a, b) => (a.file < b.file ? -1 : 1))
  const faults = ordered.flatMap((file) => file.faults)
  const named = chooseByName(ordered, before)
  const prefixed = settlePrefixes(named.good, before)
  return { good: prefixed.good, faults: [...faults, ...named.faults, ...prefixed.faults] }
}

/** One resource per name. Declared twice: the file that served it before keeps it, else the first by file name. */
function chooseByName(files: readonly ParsedFile[], before: Good): Assembled {
  const good = new Map<ResourceKey, Resource>()
  const faults: CatalogFault[] = []
  for (const [key, candidates] of listCandidates(files, before)) {
    const served = before.get(key)
    const winner = candidates.find(({ file }) => file === served?.file) ?? candidates[0]!
    good.set(key, winner)
    for (const loser of candidates) if (loser !== winner) faults.push(declaredTwice(key, winner, loser))
  }
  return { good, faults }
}

/** For each name the usable declarations; a broken one stands in with the version that served before. */
function listCandidates(files: readonly ParsedFile[], before: Good): Map<ResourceKey, Resource[]> {
  const candidates = new Map<ResourceKey, Resource[]>()
  const add = (resource: Resource): void => {
    const known = candidates.get(resource.key)
    if (known) known.push(resource)
    else candidates.set(resource.key, [resource])
  }
  for (const file of files) for (const resource of file.resources) add(resource)
  const byName = new Map(files.map((file) => [file.file, file]))
  for (const [key, resource] of before) {
    const file = byName.get(resource.file)
    const given = file?.resources.some((one) => one.key === key) ?? true
    if (file && !given && (file.broken.has(key) || file.unclear)) add(resource)
  }
  return candidates
}

function declaredTwice(key: ResourceKey, winner: Resource, loser: Resource): CatalogFault {
  const message =
    winner.file === loser.file
      ? `${key} is declared twice in ${winner.file} (lines ${winner.line} and ${loser.line}); the first is used`
      : `${key} is declared in ${winner.file} and in ${loser.file}; the one in ${winner.file} is used`
  return { file: loser.file, line: loser.line, resource: key, message }
}

/**
 * One server per prefix, and no prefix that is another server's name (a UserGroup's `<server>__*` must mean one server). Who served under it
 * before keeps it, else who is known to be the oldest; among newcomers nobody gets it, because a client could not tell whose tools it sees. A refused one goes on under its
 * own earlier version where that claims something else.
 */
function settlePrefixes(chosen: Good, before: Good): Assembled {
  const good = new Map(chosen)
  const faults: CatalogFault[] = []
  for (let collision = findCollision(good); collision; collision = findCollision(good)) {
    const { claim, rivals } = collision
    const holder = rivals.find(({ key }) => claimsOf(before.get(key)).includes(claim)) ?? oldestOf(rivals)
    for (const rival of rivals) {
      if (rival === holder) continue
      faults.push(prefixTaken({ claim, rival, rivals, holder }))
      const earlier = before.get(rival.key)
      if (earlier && !claimsOf(earlier).includes(claim)) good.set(rival.key, earlier)
      else good.delete(rival.key)
    }
  }
  return { good, faults }
}

/** Files have no age. Replicas of a cluster that start at different times must come to one answer. */
function oldestOf(rivals: readonly Resource[]): Resource | undefined {
  const [first, second] = rivals
    .filter(({ createdAt }) => createdAt !== undefined)
    .toSorted((a, b) => (a.createdAt! < b.createdAt! ? -1 : 1))
  return first?.createdAt === second?.createdAt ? undefined : first
}

function claimsOf(resource: Resource | undefined): readonly string[] {
  return resource?.kind === 'McpServer' ? [...new Set([resource.server.name, resource.server.prefix])] : []
}

function findCollision(good: Good): { claim: string; rivals: readonly Resource[] } | null {
  const holders = new Map<string, Resource[]>()
  for (const resource of good.values()) {
    for (const claim of claimsOf(resource)) {
      const rivals = holders.get(claim)
      if (rivals) rivals.push(resource)
      else holders.set(claim, [resource])
    }
  }
  for (const [claim, rivals] of holders) if (rivals.length > 1) return { claim, rivals }
  return null
}

interface PrefixTaken {
  readonly claim: string
  readonly rival: Resource
  readonly rivals: readonly Resource[]
  readonly holder: Resource | undefined
}

function prefixTaken({ claim, rival, rivals, holder }: PrefixTaken): CatalogFault {
  const names = rivals.map(({ key, file }) => (file === key ? key : `${key} (${file})`)).join(' and ')
  const outcome = holder ? `${holder.key} had it first and keeps it` : 'none of them is used'
  return {
    file: rival.file,
    line: rival.line,
    resource: rival.key,
    message: `tool prefix "${claim}" is claimed by ${names}; ${outcome}. Give one of them another spec.tools.prefix`,
    prefixTaken: { claim, servers: rivals.flatMap((one) => (one.kind === 'McpServer' ? [one.server.name] : [])) },
  }
}
