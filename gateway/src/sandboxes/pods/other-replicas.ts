// Port to the other replicas of the hub, as far as sandboxes go. Whoever is attached to a sandbox knows what it says, how it does and which values
// it was given; the others ask for it. Questions are of the hub's own replicas alone; who may see an answer is decided where the person is known.
import type { SandboxInfo } from '../sandboxes.ts'

export interface Row {
  readonly info: SandboxInfo
  /** of the McpSandbox */
  readonly name: string
  /** one session's child: the sandbox itself stays when it ends */
  readonly isSession: boolean
}

/** What one replica heard of a child's stderr after a mark, safe to show. */
export interface HeldOutput {
  readonly userId: string | null
  readonly server: string
  readonly text: string
  readonly mark: string
  readonly hasGap: boolean
  /** it runs, and that replica hears it; else these are the last words it heard */
  readonly isLive: boolean
  /** ms since the epoch, by the API server's clock */
  readonly lastUsedAt: number
}

/** What one replica holds. No question keeps a sandbox awake, and none wakes one. */
export interface HeldSandboxes {
  rows(): readonly Row[]
  /** null: nothing of it */
  output(id: string, after: string | null): Promise<HeldOutput | null>
  /** Ends what runs or starts of it there, for good until somebody calls; resolves with how many that were. */
  stop(id: string): Promise<number>
}

/** Who does not answer in time holds nothing: nothing here rejects. */
export interface OtherReplicas {
  /** a list for each replica */
  rows(): Promise<readonly (readonly Row[])[]>
  /** of those that hold some of it */
  output(id: string, after: string | null): Promise<readonly HeldOutput[]>
  stop(id: string): Promise<number>
  /** From now on the others are answered. */
  serve(held: HeldSandboxes): void
}

export const NO_OTHERS: OtherReplicas = {
  rows: async () => [],
  output: async () => [],
  stop: async () => 0,
  serve: () => undefined,
}
