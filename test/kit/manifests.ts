// The manifests the end-to-end tests share: real servers from npm, the probe server from the test registry.

const head = (name: string): string => `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata:
  name: ${name}
spec:
`

const npm = (name: string, version: string): string => `    package:
      npm:
        name: '${name}'
        version: ${version}
`

const OFFICIAL = '2026.8.31'

export const EVERYTHING = `${head('everything')}  type: Stdio
  access: Everyone
  riskLevel: Low
  stdio:
${npm('@modelcontextprotocol/server-everything', OFFICIAL)}    args: [stdio]
`

export const FILESYSTEM = `${head('filesystem')}  type: Stdio
  access: Everyone
  stdio:
${npm('@modelcontextprotocol/server-filesystem', OFFICIAL)}    args: ['\${WORKDIR}']
    persistence:
      mode: Retain
`

export const MEMORY = `${head('memory')}  type: Stdio
  access: Everyone
  stdio:
${npm('@modelcontextprotocol/server-memory', OFFICIAL)}    env:
      - name: MEMORY_FILE_PATH
        value: \${WORKDIR}/memory.jsonl
    persistence:
      mode: Retain
`

export const THINKING = `${head('thinking')}  type: Stdio
  access: Everyone
  stdio:
${npm('@modelcontextprotocol/server-sequential-thinking', OFFICIAL)}    sessions: Isolated
`

/** A package without options: one child per user. */
export const local = (name: string, pack: { readonly name: string; readonly version: string }): string =>
  `${head(name)}  type: Stdio
  access: Everyone
  stdio:
${npm(pack.name, pack.version)}`

/** One child per user, started with that user's own secret. */
export const probe = (name: string, extra = '', variable = 'USER_PROBE_SECRET'): string =>
  `${local(name, { name: '@mcphub-test/probe-server', version: '1.0.0' })}    env:
      - name: PROBE_SECRET
        value: \${${variable}}
${extra}`

/** Without any variable and of low risk: one child for everybody. */
export const PROBE_SHARED = `${head('probe-shared')}  type: Stdio
  access: Everyone
  riskLevel: Low
  stdio:
${npm('@mcphub-test/probe-server', '1.0.0')}`

export const remote = (name: string, url: string, extra = ''): string => `${head(name)}  type: Remote
  access: Everyone
  remote:
    url: ${url}
${extra}`
