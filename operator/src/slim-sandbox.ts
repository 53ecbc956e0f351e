// A sandbox as the operator keeps it: there may be fifty thousand, nearly all asleep, and they say the same few sentences. Equal texts are kept
// once, of the metadata only what a decision or a write needs, and of conditions only which sentences hold since when.
import { mcpSandboxSpec } from '@mcphub/api'
import type { KubeObject, Stored } from '@mcphub/kube'
import type { SandboxObject } from './resources.ts'
import { findShapeFaults } from './shapes.ts'

type Status = NonNullable<SandboxObject['status']>
type Condition = Status['conditions'][number]
/** What thousands say alike. */
type Said = Omit<Condition, 'lastTransitionTime'>

/** beyond it what is said is no longer the same few: begin anew */
const MOST_KNOWN = 10_000

const texts = new Map<string, string>()
const sayings = new Map<string, readonly Said[]>()

/** The same text, kept once for all who say it. */
const once = (text: string): string => knownOr(texts, text, () => text)

function knownOr<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= MOST_KNOWN) known.clear()
  const made = make()
  known.set(key, made)
  return made
}

/** @throws for one of a shape that nothing here knows (shapes.ts): its reflector leaves it out, and nobody decides by it */
export function slimSandbox(object: KubeObject & Stored): SandboxObject {
  if (findShapeFaults(mcpSandboxSpec, object['spec']).length > 0 || !isStatus(object['status']))
    throw new TypeError('a sandbox of an unknown shape')
  return new SlimSandbox(object as unknown as SandboxObject)
}

/** As far as it is taken apart here; what one says is the operator's own. */
function isStatus(status: unknown): boolean {
  if (status === undefined) return true
  if (!isObject(status)) return false
  const { conditions = [] } = status
  return Array.isArray(conditions) && conditions.every(isObject)
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object'

class SlimSandbox implements SandboxObject {
  readonly metadata: SandboxObject['metadata']
  readonly spec: SandboxObject['spec']
  readonly #rest: Omit<Status, 'conditions'> | undefined
  readonly #said: readonly Said[]
  readonly #since: readonly string[]

  constructor({ metadata, spec, status }: SandboxObject) {
    this.metadata = slimMetadata(metadata)
    this.spec = {
      ...spec,
      serverRef: { name: once(spec.serverRef.name), uid: once(spec.serverRef.uid) },
      userGroupRefs: (spec.userGroupRefs ?? []).map(once),
    }
    const { conditions = [], ...rest } = status ?? {}
    const said = conditions.map(({ lastTransitionTime: _since, ...kept }) => kept)
    this.#rest = status && (rest as Omit<Status, 'conditions'>)
    this.#said = knownOr(sayings, JSON.stringify(said), () => said)
    this.#since = conditions.map(({ lastTransitionTime }) => once(lastTransitionTime))
  }

  /** Put together anew for whoever asks: its parts are a fifth of it. */
  get status(): Status | undefined {
    if (!this.#rest) return undefined
    const conditions = this.#said.map((said, at) => ({ ...said, lastTransitionTime: this.#since[at]! }))
    return { ...this.#rest, conditions }
  }
}

/** One shape for all: absent fields are there and undefined. */
function slimMetadata(metadata: SandboxObject['metadata']): SandboxObject['metadata'] {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = metadata
  const kept = { name, namespace: namespace && once(namespace), uid, resourceVersion, generation }
  return { ...kept, creationTimestamp, deletionTimestamp } as SandboxObject['metadata']
}
