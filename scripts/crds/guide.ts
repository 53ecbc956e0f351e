// docs/guides/resources.md: every field of the custom resources, from the same schemas as the CRDs. Pure.
import type { CustomResource } from '../../packages/api/src/index.ts'
import { buildSchema } from './definition.ts'
import type { SchemaNode } from './structural.ts'

const HEAD = `# The resources, field by field

Written by \`npm run docs:crds\` from the schemas that read the manifests and make the CRDs in \`crds/\`. [The catalogue](catalog.md) shows how they are used.

All are of \`mcphub.io/v1alpha1\`, live in a namespace, and take the same YAML on one machine (a folder of files) and in a cluster (\`kubectl apply\`). People write McpServer and
UserGroup; McpSandbox is written by the hub. In a cluster \`kubectl get mcp-hub\` lists all three and \`kubectl explain mcps.spec\` says what stands here.

A manifest that breaks a rule below is refused, with the field and this sentence: by the API server in a cluster, by the hub on one machine.
Some things the API server cannot see, so the hub alone finds them, says so where the server is listed, and keeps serving the last good version:
a URL that no parser takes, such as one of port 99999; labels and annotations below \`mcphub.io/\`, which are the hub's own; a tool prefix that another server has; a \`pattern\` that is no regular expression; a variable with line breaks
(\`format: Text\`) that goes elsewhere than to \`stdio.env\`; a \`verify\` of a variable the server does not name; two spellings of one handle, such as \`Alice\` and \`alice\`.
`

interface Row {
  readonly path: string
  readonly node: SchemaNode
  readonly required: boolean
}

interface Rule {
  readonly message: string
  readonly fieldPath?: string
}

export function renderGuide(resources: readonly CustomResource[]): string {
  return [HEAD, ...resources.map(renderResource)].join('\n')
}

function renderResource(resource: CustomResource): string {
  const { kind, description, shortName, plural, columns } = resource
  const { spec, status } = buildSchema(resource).properties!
  const shown = columns.map(({ name, priority }) => (priority ? `${name} (\`-o wide\`)` : name)).join(', ')
  return [
    `## ${kind}`,
    '',
    `${description} \`kubectl get ${shortName}\` (or \`${plural}\`) shows ${shown}.`,
    '',
    ...renderSpec(spec!),
    '### Status',
    '',
    '| field | type | meaning |',
    '|---|---|---|',
    ...listRows('', status!).map(({ path, node }) => `| \`${path}\` | ${typeOf(node)} | ${cell(node.description)} |`),
    '',
  ].join('\n')
}

function renderSpec(spec: SchemaNode): string[] {
  const rows = listRows('', spec)
  const rules = [{ path: '', node: spec, required: true }, ...rows].flatMap(({ path, node }) =>
    rulesOf(node).map(({ message, fieldPath }) => ({ field: `${path}${fieldPath ?? ''}`.replace(/^\./, ''), message })),
  )
  return [
    '| field of `spec` | type | default | meaning |',
    '|---|---|---|---|',
    ...rows.map(renderRow),
    '',
    '| rule for | or the manifest is refused with |',
    '|---|---|',
    ...rules.map(({ field, message }) => `| \`${field}\` | ${cell(message)} |`),
    '',
  ]
}

const rulesOf = (node: SchemaNode): readonly Rule[] => (node['x-kubernetes-validations'] ?? []) as readonly Rule[]

/** A list of objects is written as `env[].name`; a list of scalars has one row. */
function listRows(path: string, node: SchemaNode): Row[] {
  const inside = node.properties ? node : node.items?.properties ? node.items : undefined
  const prefix = node.items ? `${path}[]` : path
  return Object.entries(inside?.properties ?? {}).flatMap(([name, child]) => {
    const at = prefix === '' ? name : `${prefix}.${name}`
    return [{ path: at, node: child, required: inside?.required?.includes(name) ?? false }, ...listRows(at, child)]
  })
}

function renderRow({ path, node, required }: Row): string {
  const given = required ? '**required**' : defaultOf(node)
  const { items } = node
  const ofOne = items && !items.properties ? `Each: ${lowerFirst(items.description)}` : undefined
  return `| \`${path}\` | ${typeOf(node)} | ${given} | ${cell([node.description, ofOne].filter(Boolean).join(' '))} |`
}

const defaultOf = (node: SchemaNode): string => {
  const value = node.default
  return value === undefined || typeof value === 'object' ? '' : `\`${String(value)}\``
}

function typeOf(node: SchemaNode): string {
  const { items, additionalProperties: values } = node
  if (node.enum) return node.enum.map((one) => `\`${one}\``).join(', ')
  if (items) return `list of ${items.properties ? 'objects' : typeOf(items)}, ≤ ${node.maxItems}`
  if (values) return `map of ${typeOf(values)}, ≤ ${node.maxProperties}`
  if (node['format'] === 'date-time') return 'time'
  if (node.type === 'string') return `string ≤ ${node.maxLength}`
  return node.type === 'integer' ? `integer${rangeOf(node)}` : node.type
}

function rangeOf({ minimum, maximum }: SchemaNode): string {
  if (maximum === undefined) return minimum === undefined ? '' : ` ≥ ${minimum}`
  return ` ${minimum} to ${maximum}`
}

/** `<` would be read as HTML, `|` as the end of the cell. */
const cell = (text = ''): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** A name of the field's own, such as `McpServer`, is never the first word of a description. */
const lowerFirst = (text = ''): string => text.charAt(0).toLowerCase() + text.slice(1)
