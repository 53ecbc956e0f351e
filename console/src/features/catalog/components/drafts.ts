// What has been typed and not been saved, for as long as the page is open: whoever looks something up elsewhere finds it again. In memory alone,
// and of one person alone: a manifest may hold what nobody else should read.
import type { Kind } from './kind.ts'
import type { ImportedServer } from './import-settings.ts'

export interface Draft {
  readonly text: string
  /** what it was begun from, null: nothing that is saved */
  readonly base: Base | null
}

export interface Base {
  readonly yaml: string
  readonly version: string
}

let owner = ''
const drafts = new Map<string, Draft>()
let imported: readonly ImportedServer[] = []

/** Of one that is not saved yet, the name it is to have: `new/github`. */
export const draftName = (kind: Kind, name: string): string => `${kind}/${name}`

function own(userId: string): Map<string, Draft> {
  if (userId !== owner) {
    drafts.clear()
    imported = []
  }
  owner = userId
  return drafts
}

export const readDraft = (userId: string, name: string): Draft | null => own(userId).get(name) ?? null

/** null: it is saved, or not wanted any more. */
export function keepDraft(userId: string, name: string, draft: Draft | null): void {
  if (draft === null) own(userId).delete(name)
  else own(userId).set(name, draft)
}

/** What was read from a settings file last; each is a draft until it is saved. */
export function readImported(userId: string): readonly ImportedServer[] {
  own(userId)
  return imported
}

export function keepImported(userId: string, servers: readonly ImportedServer[]): void {
  for (const { name, yaml } of servers)
    keepDraft(userId, draftName('McpServer', `new/${name}`), { text: yaml, base: null })
  imported = servers
}
