// What the API server demands of a CRD's schema, and what this project demands beside it, told from the written file alone: it knows nothing
// of the generator. Pure.

export interface CrdNode {
  readonly type?: unknown
  readonly description?: unknown
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, CrdNode>>
  readonly items?: CrdNode
  readonly additionalProperties?: CrdNode | boolean
  readonly required?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly CrdRule[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly [member: string]: unknown
}

export interface CrdRule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
}

export interface PlacedNode {
  readonly path: string
  readonly node: CrdNode
}

/** The node and all below it; elements of a list as `path[]`, values of a map as `path{}`. */
export function listNodes(node: CrdNode, path = ''): PlacedNode[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const { items, additionalProperties: values } = node
  return [
    { path, node },
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => listNodes(child, at(name))),
    ...(items ? listNodes(items, `${path}[]`) : []),
    ...(typeof values === 'object' ? listNodes(values, `${path}{}`) : []),
  ]
}

type Check = (node: CrdNode, path: string) => string[]

const when = (violated: boolean, fault: string): string[] => (violated ? [fault] : [])

const TYPES = ['object', 'array', 'string', 'integer', 'boolean']
const FORBIDDEN = ['$ref', 'oneOf', 'anyOf', 'allOf', 'not', 'nullable', 'uniqueItems', 'definitions', '$defs', 'const']

/** The API server lets metadata hold the name alone, without a description of its own. */
const METADATA = 'metadata'

const isTyped: Check = ({ type }) => when(!TYPES.includes(String(type)), 'no type')

const isStructural: Check = (node) => [
  ...FORBIDDEN.filter((member) => member in node).map((member) => `${member} is not structural`),
  ...when(
    node.properties !== undefined && node.additionalProperties !== undefined,
    'properties beside additionalProperties',
  ),
  ...when(typeof node.additionalProperties === 'boolean', 'additionalProperties must be a schema'),
]

const isDescribed: Check = ({ description }, path) =>
  when(path !== METADATA && (typeof description !== 'string' || !/[.:]$/.test(description)), 'no sentence describes it')

const isBounded: Check = (node) => [
  ...when(
    node.type === 'string' && !node.enum && node['format'] !== 'date-time' && node['maxLength'] === undefined,
    'a string without maxLength',
  ),
  ...when(node.type === 'array' && node['maxItems'] === undefined, 'a list without maxItems'),
  ...when(
    typeof node.additionalProperties === 'object' && node['maxProperties'] === undefined,
    'a map without maxProperties',
  ),
]

const listsHaveAKind: Check = (node) => {
  if (node.type !== 'array') return []
  const kind = node['x-kubernetes-list-type']
  const keys = node['x-kubernetes-list-map-keys'] ?? []
  const loose = keys.filter((key) => {
    const isGiven = node.items?.required?.includes(key) ?? false
    return !isGiven && node.items?.properties?.[key]?.default === undefined
  })
  return [
    ...when(!['atomic', 'set', 'map'].includes(String(kind)), 'a list without x-kubernetes-list-type'),
    ...when((kind === 'map') !== keys.length > 0, 'map keys go with list type map'),
    ...when(kind === 'set' && node.items?.properties !== undefined, 'a set of objects'),
    ...loose.map((key) => `the map key ${key} is neither required nor has a default`),
  ]
}

const defaultsFit: Check = (node) => [
  ...when(
    node.enum !== undefined && node.default !== undefined && !node.enum.includes(node.default),
    'default is none of the enum',
  ),
  ...(node.required ?? [])
    .filter((name) => node.properties?.[name] === undefined)
    .map((name) => `requires ${name}, which it does not know`),
]

/** CEL cannot name these as they are. */
const RESERVED =
  /\bself\.(package|namespace|import|in|as|const|function|let|var|void|while|for|if|else|loop|return|break|continue|null|true|false)\b/

const rulesTell: Check = (node) =>
  (node['x-kubernetes-validations'] ?? []).flatMap(({ rule, message, fieldPath }) => [
    ...when(!message || message.length > 200 || /[\r\n]/.test(message), `the rule ${rule} has no one-line message`),
    ...when(RESERVED.test(rule), `the rule ${rule} uses a reserved word; write __word__`),
    ...when(/\(\?[=!<]/.test(rule), `the rule ${rule} looks around; RE2 cannot`),
    ...when(fieldPath !== undefined && !leadsSomewhere(node, fieldPath), `fieldPath ${fieldPath} leads nowhere`),
  ])

function leadsSomewhere(node: CrdNode, fieldPath: string): boolean {
  let at: CrdNode | undefined = node
  for (const name of fieldPath.split('.').slice(1)) at = at?.properties?.[name]
  return at !== undefined
}

const CHECKS: readonly Check[] = [isTyped, isStructural, isDescribed, isBounded, listsHaveAKind, defaultsFit, rulesTell]

/** All faults of a schema, each with its field. */
export function checkSchema(schema: CrdNode): string[] {
  return listNodes(schema).flatMap(({ path, node }) =>
    CHECKS.flatMap((check) => check(node, path)).map((fault) => `${path}: ${fault}`),
  )
}
