// A sandbox as people see it, whichever replicas are attached to it: the list, what it says, its end. What this replica holds it tells the others.
import { LIMITS } from '@mcphub/api'
import type { SandboxInfo, SandboxLogs, SandboxOutput } from '../sandboxes.ts'
import type { ChildStarter } from './child-starter.ts'
import type { HeldOutput, HeldSandboxes, OtherReplicas } from './other-replicas.ts'
import { readOutput } from './pod-output.ts'
import { listHeld, listRows, type RowSources } from './rows.ts'
import { type ChildSlot, lastUseOf, livesOf, presentOutput, type Slot } from './slots.ts'

export interface AcrossReplicasDeps {
  readonly others: OtherReplicas
  readonly sources: () => RowSources
  readonly starter: Pick<ChildStarter, 'endAll'>
  readonly putToSleep: (name: string) => Promise<void>
}

/** what nobody is attached to ends with its pod; how long that may take */
const POD_ENDS_MS = 15_000
const NOBODY_HEARS = 'No replica of the hub hears it now; call a tool of this server and ask again.\n'

interface Held {
  readonly slot: Slot
  readonly child: ChildSlot
}

export class AcrossReplicas {
  readonly #deps: AcrossReplicasDeps
  /** what the others are answered */
  readonly held: HeldSandboxes = {
    rows: () => listHeld(this.#deps.sources()),
    output: (id, after) => this.#read(id, after),
    stop: (id) => this.#stopHeld(id),
  }

  constructor(deps: AcrossReplicasDeps) {
    this.#deps = deps
  }

  async list(): Promise<readonly SandboxInfo[]> {
    const others = await this.#deps.others.rows()
    return listRows(this.#deps.sources(), others).map(({ info }) => info)
  }

  async logs(id: string): Promise<SandboxLogs | null> {
    const held = this.#findHeard(id)
    const output = await this.#choose(id, held && (await readWhole(held)), null)
    return (
      output && { userId: output.userId, server: output.server, text: output.isUnheard ? NOBODY_HEARS : output.text }
    )
  }

  async output(id: string, after: string | null): Promise<SandboxOutput | null> {
    return this.#choose(id, await this.#read(id, after), after)
  }

  /** Resolves when it is over, or its pod takes too long to go. */
  async stop(id: string): Promise<void> {
    const { others, sources, putToSleep } = this.#deps
    const { view } = sources()
    // a session's child has another id than the sandbox, which goes on
    const isWhole = view.findSandbox(id) !== undefined
    const [here, there] = await Promise.all([this.#stopHeld(id), others.stop(id)])
    if (!isWhole) return
    // only now: who is attached would take the lease for one that ran low, and keep it up
    await putToSleep(id)
    if (here + there > 0) return
    // what it was may run on in its pod: the replica that was attached is gone
    const isOver = (): boolean => {
      const sandbox = view.findSandbox(id)
      return sandbox === undefined || view.usablePodsOf(sandbox).length === 0
    }
    await view.whenNamed(id, isOver, POD_ENDS_MS)
  }

  /** Whoever is attached knows best; of several the one that goes on without a gap. Nobody is asked where this replica is that one. */
  async #choose(id: string, here: HeldOutput | null, after: string | null): Promise<SandboxOutput | null> {
    const isBest = here !== null && here.isLive && !here.hasGap
    const there = isBest ? [] : await this.#deps.others.output(id, after)
    const [best] = [...(here === null ? [] : [here]), ...there].toSorted(byWorth)
    if (best === undefined) return this.#unheard(id, after)
    const { isLive: _, lastUsedAt: __, ...output } = best
    return { ...output, isUnheard: false }
  }

  /** Only who gave it its values can take them out of its output: it is not fetched from the pod without them. */
  #unheard(id: string, after: string | null): SandboxOutput | null {
    const info = listRows(this.#deps.sources()).find((row) => row.info.id === id)?.info
    if (info === undefined) return null
    const { userId, server } = info
    return { userId, server, text: '', mark: after ?? '', hasGap: false, isUnheard: true }
  }

  async #read(id: string, after: string | null): Promise<HeldOutput | null> {
    const held = this.#findHeard(id)
    return held && { ...(await readOutput(held.child, after)), ...describe(held) }
  }

  async #stopHeld(id: string): Promise<number> {
    const { slots } = this.#deps.sources()
    const whole = slots.get(id)
    const held = whole === undefined ? this.#find(id) : null
    // else its lease would be kept up, for calls of before
    if (whole !== undefined) whole.isStopped = true
    const children = whole === undefined ? (held === null ? [] : [held.child]) : [...whole.children.values()]
    const count = children.reduce((sum, child) => sum + livesOf(child).length + (child.starting === null ? 0 : 1), 0)
    await Promise.all(children.map((child) => this.#deps.starter.endAll(child, 'stopped')))
    return count
  }

  /** Not what ended here while another pod of it is up now: that one says other things, and nobody here hears it. */
  #findHeard(id: string): Held | null {
    const held = this.#find(id)
    if (held === null || livesOf(held.child).length > 0 || held.child.starting !== null) return held
    const { view } = this.#deps.sources()
    const sandbox = view.findSandbox(held.slot.identity.name)
    const pods = sandbox === undefined ? [] : view.usablePodsOf(sandbox)
    return pods.length === 0 || pods.some(({ metadata }) => metadata.uid === held.child.podUid) ? held : null
  }

  #find(id: string): Held | null {
    for (const slot of this.#deps.sources().slots.values()) {
      const child = [...slot.children.values()].find((one) => one.id === id)
      if (child !== undefined) return { slot, child }
    }
    return null
  }
}

const describe = ({ slot, child }: Held): Pick<HeldOutput, 'userId' | 'server' | 'isLive' | 'lastUsedAt'> => ({
  userId: child.owner.userId,
  server: slot.server.name,
  isLive: child.current !== null,
  lastUsedAt: lastUseOf(slot),
})

async function readWhole(held: Held): Promise<HeldOutput> {
  const { child } = held
  const bytes = await (child.current?.readStderr() ?? child.lastOutput)
  const text = presentOutput(child, bytes, LIMITS.sandboxStderrBytes)
  return { ...describe(held), text, mark: '', hasGap: false }
}

function byWorth(one: HeldOutput, other: HeldOutput): number {
  if (one.isLive !== other.isLive) return one.isLive ? -1 : 1
  if (one.isLive) return Number(one.hasGap) - Number(other.hasGap)
  return other.lastUsedAt - one.lastUsedAt
}
