// All tables TypeORM knows. change_counter and changes belong to change-feed.ts, which speaks SQL.
import { auditTable } from './audit.ts'
import { discoveriesTable } from './discoveries.ts'
import { personalGroupsTable } from './groups.ts'
import { keysTable } from './keys.ts'
import { mcpSessionsTable } from './sessions.ts'
import { settingsTable } from './settings.ts'
import { sandboxShimsTable } from './shims.ts'
import { trustTable } from './trust.ts'
import { externalAccountsTable, usersTable } from './users.ts'
import { orgVariablesTable, userVariablesTable } from './variables.ts'

export const ALL_TABLES = [
  usersTable,
  externalAccountsTable,
  keysTable,
  userVariablesTable,
  orgVariablesTable,
  personalGroupsTable,
  mcpSessionsTable,
  discoveriesTable,
  auditTable,
  settingsTable,
  trustTable,
  sandboxShimsTable,
]
