// Port: running stdio servers. One machine: a child process (sandboxes/process). Cluster: the same over a remote pipe to the pod's shim.
// Everything MCP (ids, sessions, eras, parked calls) sits above `Child`; here are only lines, signals, limits and a stderr ring.
import type { CatalogGroup, CatalogServer } from '../catalog/catalog.ts'
import type { Secret } from '../secrets/secret.ts'

/**
 * Whose child: (server, user), and one per MCP session where the manifest says `sessions: Isolated`; there all calls with one key that belong to no
 * session have one too. userId null = shared or discovery.
 */
export interface SandboxOwner {
  readonly userId: string | null
  /** for people and for `sandboxes list`; null when nobody's */
  readonly username: string | null
  /** null = shared by the user's sessions; `key <id>` = of that key's calls without a session */
  readonly sessionId: string | null
  /** a start only to discover what the server offers; gets an empty folder that is removed afterwards */
  readonly discovery: boolean
}

export interface AcquireRequest {
  readonly server: CatalogServer
  readonly owner: SandboxOwner
  /** argv after template expansion; `${WORKDIR}` is replaced by the adapter, which alone knows the folder */
  readonly args: readonly (string | Secret)[]
  /** env after template expansion; the adapter adds only PATH, HOME, TMPDIR, LANG and its own mark */
  readonly env: ReadonlyMap<string, string | Secret>
  /** a child started under another fingerprint (config, values) is not given out again: new calls get a new child, the old one drains */
  readonly fingerprint: string
  /** limits of the user's groups; null = the hub's default */
  readonly maxRunningPerUser: number | null
  /** active groups that give this person this server, by name; none for everybody's servers and for starts that are nobody's */
  readonly groups: readonly CatalogGroup[]
  /** told why it takes long: 'installing package …', 'starting' */
  readonly onProgress?: (message: string) => void
  readonly signal?: AbortSignal
}

export type ExitReason =
  | { readonly kind: 'exited'; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: 'ended'; readonly by: EndReason }
  | { readonly kind: 'limit'; readonly limit: 'line' | 'memory' | 'output' | 'lifetime'; readonly message: string }
  | { readonly kind: 'spawn'; readonly message: string }
  /** a pod went with all in it, or the way to it; the message names what Kubernetes says */
  | { readonly kind: 'lost'; readonly reason: LostReason; readonly message: string }

export type LostReason = 'Deleted' | 'Evicted' | 'NodeLost' | 'OOMKilled' | 'Ended' | 'LinkLost'

export type EndReason =
  | 'idle'
  | 'stopped'
  | 'deactivated'
  | 'deleted'
  | 'replaced'
  /** no group gives its person the server any more */
  | 'entitlement'
  | 'session'
  | 'shutdown'
  | 'discovered'
  | 'protocol'

/** A running stdio server. One object per process life; an ended one never comes back. */
export interface Child {
  /** id of the sandbox (the same for its next child) */
  readonly sandboxId: string
  /** differs for every process started */
  readonly incarnation: string
  readonly fingerprint: string
  /** One line without its newline. False: the pipe is full, wait for `drain`. Writing to an ended child is ignored (its exit was told). */
  write(line: string | Buffer): boolean
  /** Lines of stdout without the newline, in order, whole, at most `upstreamMessageBytes`. One listener; lines wait until it is set. */
  onLine(listener: (line: Buffer) => void): void
  onDrain(listener: () => void): void
  /** Called at most once, where a pod may go before its child: what is in flight may end here, new calls belong to another child. */
  onLeaving?(listener: () => void): void
  /** Called once; also when the child had already gone. */
  onExit(listener: (reason: ExitReason) => void): void
  /** Back-pressure: stop and go on reading stdout. */
  pause(): void
  resume(): void
  /** While held a child is not idle. Returns the release function (idempotent). */
  hold(): () => void
  /** Ends the whole process tree: stdin closed, SIGTERM, then SIGKILL; resolves when nothing of it is left. */
  end(reason: EndReason): Promise<void>
}

export interface SandboxInfo {
  readonly id: string
  readonly server: string
  readonly userId: string | null
  readonly username: string | null
  readonly sessionId: string | null
  readonly state: 'Starting' | 'Running' | 'Ending' | 'Failed'
  readonly pid: number | null
  readonly startedAt: string | null
  readonly lastActiveAt: string
  readonly memoryBytes: number | null
  readonly lastFault: string | null
  /** seconds until it ends because nobody uses it; null: in use, not running, or not known */
  readonly idleInSeconds: number | null
  /** what a start under way waits for; null: none is */
  readonly progress: string | null
}

export interface SandboxLogs {
  readonly userId: string | null
  readonly server: string
  readonly text: string
}

/** What came to stderr after a mark, safe to show. */
export interface SandboxOutput {
  readonly userId: string | null
  readonly server: string
  readonly text: string
  /** what to ask for what comes next by */
  readonly mark: string
  /** what was written between the mark asked by and this text is held no more, or the mark is of another life or replica */
  readonly hasGap: boolean
  /** it may run, but no replica of the hub that can be asked hears it: nothing is known of what it says */
  readonly isUnheard: boolean
}

/** How well children are kept apart on this host, said by start-up, `doctor` and `servers list`. */
export interface Separation {
  readonly kind: 'Uid' | 'Namespaces' | 'ProcessOnly' | 'Pod'
  readonly message: string
}

export interface Sandboxes {
  /** Begins all JSON-RPC ids and progress tokens that this replica writes to children, so that answers find their way: letters, digits and a final `-`. */
  readonly idPrefix: string
  /**
   * The running child of this owner, or a new one; however many wait, one start. Two owners never get the same child.
   * @throws HubError `sandbox_starting` after `sandboxStartMs` (the start goes on), `sandbox_failed` (permanent, at once, with the reason and a
   *   back-off), `limit_exceeded` (per user), `server_unavailable` (package not installed, image on one machine).
   */
  acquire(request: AcquireRequest): Promise<Child>
  /** As far as this replica knows, at once. */
  list(): readonly SandboxInfo[]
  /** As all replicas know it together. */
  listAll(): Promise<readonly SandboxInfo[]>
  /** The last stderr of a sandbox (at most `sandboxStderrBytes`), also after its end, and whose it is; null = unknown id. */
  logs(id: string): Promise<SandboxLogs | null>
  /** What it wrote to stderr after a mark of an earlier answer (null: all that is held), over all its lives; null = unknown id. */
  output(id: string, after: string | null): Promise<SandboxOutput | null>
  /** Ends one, whichever replica runs it, until somebody calls. Resolves when it is gone, or takes too long. */
  stopOne(id: string): Promise<void>
  /** Ends all children the predicate names. Resolves when they are gone. */
  stopWhere(predicate: (info: SandboxInfo) => boolean, reason: EndReason): Promise<number>
  /**
   * Ends all children of a user and removes what is kept of them: folders, volumes, custom resources (hard delete). Of several replicas the one
   * that is `first` removes what they share; the others look a while later whether it did.
   */
  forget(userId: string, turn: { readonly first: boolean }): Promise<void>
  readonly separation: Separation
  start(): Promise<void>
  stop(): Promise<void>
}
