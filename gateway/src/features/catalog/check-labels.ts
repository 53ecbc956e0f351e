// Whether labels could stand on a resource of a cluster, name by name. A folder takes any text for one; what is written at the console is to hold
// wherever the catalogue goes. Pure.
import type { Resource } from '../../catalog/manifests/parse.ts'

/** One rule of a label that is broken, and where. */
export interface LabelFault {
  readonly path: readonly string[]
  readonly message: string
}

/** of a name without its prefix, and of a value: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const WORD = /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/
const PREFIX = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

const isName = (name: string): boolean => {
  const parts = name.split('/')
  return parts.length <= 2 && WORD.test(parts.at(-1)!) && (parts.length === 1 || PREFIX.test(parts[0]!))
}

/** Of a server its own, of a UserGroup those its servers must have. */
export function checkLabels(resource: Resource): readonly LabelFault[] {
  const [path, labels] =
    resource.kind === 'McpServer'
      ? [['metadata', 'labels'], resource.server.labels]
      : [['spec', 'serverSelector', 'matchLabels'], resource.group.spec.serverSelector?.matchLabels ?? {}]
  return Object.entries(labels).flatMap(([name, value]) => {
    const message = faultOf(name, value)
    return message === null ? [] : [{ path: [...path, name], message }]
  })
}

function faultOf(name: string, value: string): string | null {
  if (name === '') return 'give the label a name'
  if (!isName(name))
    return 'a label is named by up to 63 letters, digits, "-", "_" and ".", such as team or example.com/team'
  if (value !== '' && !WORD.test(value))
    return 'the value of a label is up to 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit'
  return null
}
