// A catalogue in which every state of a server is to be seen, without any package: what is remote needs none.
const server = (name: string, spec: string, description = ''): readonly [string, string] => [
  `${name}.yaml`,
  `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: ${name} }
spec:
  displayName: ${name[0]!.toUpperCase()}${name.slice(1)}
  description: ${description || `What ${name} is for`}
  access: Everyone
${spec.replace(/^/gm, '  ')}
`,
]

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9/mcp'

const TICKETS = `type: Remote
remote:
  url: "${NOWHERE}"
  headers:
    - name: Authorization
      value: Bearer \${USER_TICKETS_TOKEN}
userVariables:
  - name: USER_TICKETS_TOKEN
    label: Token of your ticket system
    help: Make one in your profile there
    pattern: ^tk-[a-z0-9]{8,}$`

export const CATALOG: Readonly<Record<string, string>> = Object.fromEntries([
  server('wiki', `type: Remote\nremote: { url: "${NOWHERE}" }`, 'Pages of the company, to read and to write'),
  // administrators alone see it
  server('resting', `type: Remote\nenabled: false\nremote: { url: "${NOWHERE}" }`),
  server('tickets', TICKETS, 'What is to be done, and by whom'),
])
