// The files an image of a server's package is built from, and the ConfigMap of its lock. Pure: texts alone.
import type { StdioSpec } from '@mcphub/api'

export interface ImageInput {
  readonly server: string
  readonly stdio: StdioSpec
  /** the runner image it stands on */
  readonly from: string
}

/** Where the installer leaves the program (images/installer/main.ts). */
export const COMMAND = ['node', '/package/server'] as const

/** With the registry's secrets: nothing that belongs to a package runs in such a step. */
const WITH_SECRETS =
  'RUN --mount=type=secret,id=npmrc,target=/etc/mcphub/registry/npmrc,uid=64536,mode=0400 \\\n    --mount=type=secret,id=ca,target=/etc/mcphub/registry/ca.crt,uid=64536,mode=0400 \\\n    '

/** JSON in a form that no Dockerfile expands. */
const quote = (value: unknown): string => JSON.stringify(JSON.stringify(value)).replaceAll('$', '\\$')

export function buildDockerfile({ server, stdio, from }: ImageInput): string {
  const { npm } = stdio.package ?? {}
  return `# ${server}: ${npm?.name} ${npm?.version} as an image, so that its pods fetch nothing when they start. Written by \`mcphub image ${server}\`.
# A registry of yours: --secret id=npmrc,src=$HOME/.npmrc; one with a certificate of your own authority: --secret id=ca,src=ca.pem
ARG RUNNER=${from}

FROM \${RUNNER} AS build
COPY --chown=64536:64536 package-lock.json /etc/mcphub/lock/package-lock.json
COPY --chown=64536:64536 check.json /etc/mcphub/check.json
ENV HOME=/tmp MCPHUB_PACKAGE=${quote(stdio.package)}
# exactly what the lock names, each file by its integrity
${WITH_SECRETS}["node", "/opt/mcphub/images/installer/main.ts"]
# what bundles it
${WITH_SECRETS}["node", "/opt/mcphub/images/prepare/fetch-bundler.ts"]
# bundled where it answers as before, and its code compiled: the package runs here, without any secret
RUN ["node", "/opt/mcphub/images/prepare/main.ts"]

FROM \${RUNNER}
COPY --from=build --chown=0:0 /package/ /package/
ENV NODE_COMPILE_CACHE=/package/.compile-cache
`
}

/** A person's and the organisation's values are not there when an image is built; something must stand for them. */
const standIn = (text: string): string => text.replaceAll(/\$\{(?:USER|ORG)_\w+\}/g, 'placeholder')

/** How the server is started while its image is built. */
export function buildCheck({ args, env }: StdioSpec): string {
  const values = env.map(({ name, value }) => [name, standIn(value)] as const)
  return `${JSON.stringify({ args: args.map(standIn), env: Object.fromEntries(values) }, null, 2)}\n`
}

/** What an init container in a cluster installs by. */
export function buildLockConfigMap(server: string, lock: string): string {
  const indented = lock.trimEnd().replaceAll('\n', '\n    ')
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: mcphub-lock-${server}
data:
  package-lock.json: |
    ${indented}
`
}
