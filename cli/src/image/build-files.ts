// The files an image of a server's package is built from, and the ConfigMap of its lock. Pure: texts alone.
import type { StdioSpec } from '@mcphub/api'

export interface ImageInput {
  readonly server: string
  readonly stdio: StdioSpec
  /** the runner image it stands on */
  readonly from: string
}

/** Where the registry's secrets lie for the installer, by the id that a build is given them under. */
type Secrets = Readonly<Record<string, string>>
const NPM_SECRETS: Secrets = { npmrc: 'npmrc', ca: 'ca.crt' }
const PYPI_SECRETS: Secrets = { uv: 'uv.toml', netrc: 'netrc', ca: 'ca.crt' }

/** Nothing that belongs to a package runs in such a step. */
const runWith = (secrets: Secrets, command: readonly string[]): string => {
  const mounts = Object.entries(secrets).map(
    ([id, file]) => `--mount=type=secret,id=${id},target=/etc/mcphub/registry/${file},uid=64536,mode=0400 \\\n    `,
  )
  return `RUN ${mounts.join('')}${JSON.stringify(command).replaceAll(',', ', ')}`
}

/** JSON in a form that no Dockerfile expands. */
const quote = (value: unknown): string => JSON.stringify(JSON.stringify(value)).replaceAll('$', '\\$')

export const buildDockerfile = (input: ImageInput): string =>
  input.stdio.package?.pypi ? buildForPypi(input) : buildForNpm(input)

function buildForNpm({ server, stdio, from }: ImageInput): string {
  const { npm } = stdio.package ?? {}
  return `# ${server}: ${npm?.name} ${npm?.version} as an image, so that its pods fetch nothing when they start. Written by \`mcphub image ${server}\`.
# A registry of yours: --secret id=npmrc,src=$HOME/.npmrc; one with a certificate of your own authority: --secret id=ca,src=ca.pem
ARG RUNNER=${from}

FROM \${RUNNER} AS build
COPY --chown=64536:64536 package-lock.json /etc/mcphub/lock/package-lock.json
COPY --chown=64536:64536 check.json /etc/mcphub/check.json
ENV HOME=/tmp MCPHUB_PACKAGE=${quote(stdio.package)}
# exactly what the lock names, each file by its integrity
${runWith(NPM_SECRETS, ['node', '/opt/mcphub/images/installer/main.ts'])}
# what bundles it
${runWith(NPM_SECRETS, ['node', '/opt/mcphub/images/prepare/fetch-bundler.ts'])}
# bundled where it answers as before, and its code compiled: the package runs here, so all of this step is without any secret and without a network
RUN ["/usr/local/bin/mcphub-shim", "--offline", "node", "/opt/mcphub/images/prepare/main.ts"]

FROM \${RUNNER}
COPY --from=build --chown=0:0 /package/ /package/
ENV NODE_COMPILE_CACHE=/package/.compile-cache
`
}

/** Wheels alone, compiled by the image's own Python: nothing of the package runs while its image is built. */
function buildForPypi({ server, stdio, from }: ImageInput): string {
  const { pypi } = stdio.package ?? {}
  return `# ${server}: ${pypi?.name} ${pypi?.version} as an image, so that its pods fetch nothing when they start. Written by \`mcphub image ${server}\`.
# A registry of yours: --secret id=uv,src=uv.toml (its credentials: id=netrc); one with a certificate of your own authority: --secret id=ca,src=ca.pem
ARG RUNNER=${from}

FROM \${RUNNER} AS build
COPY --chown=64536:64536 requirements.txt /etc/mcphub/lock/requirements.txt
ENV HOME=/tmp MCPHUB_PACKAGE=${quote(stdio.package)}
# exactly what the lock names, each file by its hash; nothing of the package runs
${runWith(PYPI_SECRETS, ['python3', '/opt/mcphub/images/installer/install.py'])}

FROM \${RUNNER}
COPY --from=build --chown=0:0 /package/ /package/
`
}

/** A person's and the organisation's values are not there when an image is built; something must stand for them. */
const standIn = (text: string): string => text.replaceAll(/\$\{(?:USER|ORG)_\w+\}/g, 'placeholder')

/** How the server is started while its image is built. */
export function buildCheck({ args, env }: StdioSpec): string {
  const values = env.map(({ name, value }) => [name, standIn(value)] as const)
  return `${JSON.stringify({ args: args.map(standIn), env: Object.fromEntries(values) }, null, 2)}\n`
}

/** What an init container in a cluster installs by; the key is the lock's file name. */
export function buildLockConfigMap(server: string, key: string, lock: string): string {
  const indented = lock.trimEnd().replaceAll('\n', '\n    ')
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: mcphub-lock-${server}
data:
  ${key}: |
    ${indented}
`
}
