// charts/mcphub/README.md: how to begin, and every value.
import type { Value } from './values.ts'

const HEAD = `# mcphub

One MCP endpoint for a whole company, with every person's own credentials and every risky server in a pod of that person's own.

<!-- Written by \`npm run docs:chart\` from values.yaml. Do not edit. -->

\`\`\`sh
helm install mcphub charts/mcphub --namespace mcphub --create-namespace
helm test mcphub --namespace mcphub
\`\`\`

Two gateways, two operators, the custom resources, a namespace for sandboxes, the policies that hold everything in it, and a PostgreSQL for trying. The notes say how the first administrator signs in.
[Install](../../docs/guides/install.md) goes on from there, [operations](../../docs/guides/operations.md) says how to upgrade, back up and restore.

- Needs Kubernetes 1.33 or later and a network that enforces NetworkPolicy.
- What belongs to the cluster and not to a namespace can be left out and installed by somebody else: \`crds.enabled\`, \`rbac.tokenReview\`, \`admissionPolicies.*\`, \`priorityClasses.create\`, \`sandboxes.namespace.create\`.
- Removing the release leaves the custom resources and their definitions, the sandboxes' namespace with its default deny, the database's volume, the key ring and the database's password.

## Values

`

export function renderReadme(values: readonly Value[]): string {
  const rows = values.flatMap((value) => listRows(value, ''))
  return `${HEAD}| value | default | what it is |\n|---|---|---|\n${rows.join('\n')}\n`
}

function listRows(value: Value, parent: string): string[] {
  const path = parent ? `${parent}.${value.key}` : value.key
  if (value.members.length > 0) {
    const section = `| **\`${path}\`** | | ${cell(value.description)} |`
    return [section, ...value.members.flatMap((member) => listRows(member, path))]
  }
  return [`| \`${path}\` | \`${cell(JSON.stringify(value.fallback))}\` | ${cell(value.description)} |`]
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
