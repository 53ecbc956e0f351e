// Names of everything the stories install, so that a run finds what an earlier one kept, and takes away no more than that.
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const OUT = join(ROOT, 'test/out/e2e-cluster')

export const RELEASE = 'mcphub'
/** of the Helm release: gateways, operators, database */
export const HUB = 'mcphub'
/** of the custom resources and the pods of people */
export const SANDBOXES = 'mcphub-sandboxes'
export const CHART = join(ROOT, 'charts/mcphub')

export const POSTGRES_IMAGE = 'localhost/mcphub-e2e-postgres:1'
export const SERVER_IMAGE = 'localhost/mcphub-e2e-server:1'

/** namespace and pod of the npm registry that installs reach */
export const REGISTRY = 'mcphub-e2e-registry'
/** what it offers */
export const PACKAGE = { name: '@mcphub-e2e/story-server', version: '1.0.0' } as const

/** The runner tells the stories by these. */
export const CONTEXT_FILE = join(OUT, 'context.json')
export const FIGURES_FILE = join(OUT, 'figures.json')
export const RESULTS_FILE = join(OUT, 'vitest.json')
export const API_RESULTS_FILE = join(OUT, 'api.json')
