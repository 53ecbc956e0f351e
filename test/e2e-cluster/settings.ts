// Names of everything the stories install, so that a run finds what an earlier one kept, and takes away no more than that.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { findForeign } from '../cluster/cluster.ts'

export const ROOT = join(import.meta.dirname, '../..')
export const OUT = join(ROOT, 'test/out/e2e-cluster')

/** The runner tells the stories; whoever kept a hub with KEEP=1 gives it again. */
export const SUFFIX_VARIABLE = 'MCPHUB_E2E_SUFFIX'
/** Part of every name on a cluster of yours, where the plain ones may be taken; empty on the project's own. */
export const SUFFIX =
  process.env[SUFFIX_VARIABLE] ?? (findForeign(process.env) === null ? '' : randomBytes(3).toString('hex'))
const named = (name: string): string => (SUFFIX === '' ? name : name.replace('mcphub', `mcphub-${SUFFIX}`))

export const RELEASE = named('mcphub')
/** of the Helm release: gateways, operators, database */
export const HUB = named('mcphub')
/** of the custom resources and the pods of people */
export const SANDBOXES = named('mcphub-sandboxes')
export const CHART = join(ROOT, 'charts/mcphub')

export const POSTGRES_IMAGE = 'localhost/mcphub-e2e-postgres:1'
export const SERVER_IMAGE = 'localhost/mcphub-e2e-server:1'

/** namespace and pod of the npm registry that installs reach */
export const REGISTRY = named('mcphub-e2e-registry')
/** what it offers */
export const PACKAGE = { name: '@mcphub-test/story-server', version: '1.0.0' } as const

/** a manifest of it, for a cluster and for one machine */
export const PACKAGED = join(ROOT, 'test/e2e-cluster/manifests/packaged.yaml')

/** The runner tells the stories by these. */
export const CONTEXT_FILE = join(OUT, SUFFIX === '' ? 'context.json' : `context-${SUFFIX}.json`)
export const FIGURES_FILE = join(OUT, 'figures.json')
export const RESULTS_FILE = join(OUT, 'vitest.json')
export type ApiSuite = 'definitions' | 'client'
export const API_RESULTS_FILES: Readonly<Record<ApiSuite, string>> = {
  definitions: join(OUT, 'api-definitions.json'),
  client: join(OUT, 'api-client.json'),
}
