// All migrations, oldest first. Expand, then contract: a release's schema also serves the release before it.
import { Identity1700000000001 } from './0001-identity.ts'
import { Trust1700000000002 } from './0002-trust.ts'

export const ALL_MIGRATIONS = [Identity1700000000001, Trust1700000000002]
