// A sandbox as the operator keeps it: there may be fifty thousand, nearly all asleep, and they say the same few sentences. Equal texts are kept
// once, and of the metadata only what a decision or a write needs.
import type { KubeObject, Stored } from '@mcphub/kube'
import type { SandboxObject } from './resources.ts'

const KEPT = ['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp']
/** beyond it texts are no longer the same few: begin anew */
const MOST_TEXTS = 10_000

const texts = new Map<string, string>()

/** The same text, kept once for all who say it. */
function once(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= MOST_TEXTS) texts.clear()
  texts.set(text, text)
  return text
}

export function slimSandbox(object: KubeObject & Stored): SandboxObject {
  const { metadata, spec, status } = object as unknown as SandboxObject
  const kept = Object.fromEntries(
    KEPT.flatMap((name) => (metadata[name] === undefined ? [] : [[name, metadata[name]]])),
  )
  const slim = { ...kept, ...(metadata.namespace === undefined ? {} : { namespace: once(metadata.namespace) }) }
  return {
    metadata: slim as SandboxObject['metadata'],
    spec: {
      ...spec,
      serverRef: { name: once(spec.serverRef.name), uid: once(spec.serverRef.uid) },
      userGroupRefs: (spec.userGroupRefs ?? []).map(once),
    },
    ...(status ? { status: { ...status, conditions: (status.conditions ?? []).map(slimCondition) } } : {}),
  }
}

type Condition = NonNullable<SandboxObject['status']>['conditions'][number]

const slimCondition = (condition: Condition): Condition => ({
  ...condition,
  reason: once(condition.reason),
  message: once(condition.message),
  lastTransitionTime: once(condition.lastTransitionTime),
})
