// All migrations, oldest first. Expand, then contract: a release's schema also serves the release before it.
import { Identity1700000000001 } from './0001-identity.ts'
import { Trust1700000000002 } from './0002-trust.ts'
import { Console1700000000003 } from './0003-console.ts'

export const ALL_MIGRATIONS = [Identity1700000000001, Trust1700000000002, Console1700000000003]
