// What is decided on definitions of tools, by server and tool, in memory: looked at on every list.
import type { ToolChangeState } from '@mcphub/api'
import type { ToolDefinition } from './definition.ts'
import type { Verdict } from './tool-changes-store.ts'

/** hash → state */
type States = Map<string, ToolChangeState>
type Tools = Map<string, States>

export class VerdictMemory {
  readonly #servers = new Map<string, Tools>()
  readonly #ages = new Map<string, number>()

  /** Another number whenever a state of this server may be another. */
  ageOf(server: string): number {
    return this.#ages.get(server) ?? 0
  }

  /** `approved` also where nothing is known of the tool: the first definition is the approved one. */
  stateOf(server: string, tool: string, sha256: string): ToolChangeState {
    const states = this.#servers.get(server)?.get(tool)
    if (states === undefined || states.size === 0) return 'approved'
    return states.get(sha256) ?? 'flagged'
  }

  /** Of tools that nothing is known of. */
  approveFirst(server: string, definitions: readonly ToolDefinition[]): void {
    const tools = this.#toolsOf(server)
    for (const { tool, sha256 } of definitions) if (!tools.has(tool)) tools.set(tool, new Map([[sha256, 'approved']]))
  }

  /** All (null), or those of these servers. @returns whether a tool that was known may be shown now where it was not, or the other way */
  replace(servers: ReadonlySet<string> | null, verdicts: readonly Verdict[]): boolean {
    const names = servers ?? new Set([...this.#servers.keys(), ...verdicts.map(({ server }) => server)])
    const before = new Map([...names].map((name) => [name, this.#servers.get(name) ?? new Map<string, States>()]))
    for (const name of names) this.#servers.delete(name)
    for (const { server, tool, sha256, state } of verdicts) {
      const tools = this.#toolsOf(server)
      const states = tools.get(tool) ?? new Map<string, ToolChangeState>()
      tools.set(tool, states.set(sha256, state))
    }
    const changed = [...names].filter((name) => isOther(before.get(name)!, this.#servers.get(name)))
    for (const name of changed) this.#ages.set(name, this.ageOf(name) + 1)
    return changed.length > 0
  }

  #toolsOf(server: string): Tools {
    const known = this.#servers.get(server) ?? new Map<string, States>()
    this.#servers.set(server, known)
    return known
  }
}

/** One that nothing was known of was shown as it is now. */
const isOther = (before: Tools, after: Tools | undefined): boolean =>
  [...before].some(([tool, states]) => {
    const now = after?.get(tool)
    return states.size !== now?.size || [...states].some(([sha256, state]) => now.get(sha256) !== state)
  })
