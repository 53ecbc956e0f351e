// user_variables, org_variables: sealed values, each bound to its owner and name (secrets/seal.ts).
import { defineTable } from '../define-table.ts'

export interface UserVariableRow {
  userId: string
  name: string
  sealed: Buffer
  /** key of the ring that wraps this value's own key */
  keyId: string
  /** random, new with every value: says that it changed and nothing else */
  version: string
  updatedAt: Date
}

export const userVariablesTable = defineTable<UserVariableRow>('user_variables', {
  userId: { type: 'uuid', primary: true },
  name: { type: 'text', primary: true },
  sealed: { type: 'bytea' },
  keyId: { type: 'text' },
  version: { type: 'uuid' },
  updatedAt: { type: 'timestamptz' },
})

export type OrgVariableRow = Omit<UserVariableRow, 'userId'>

export const orgVariablesTable = defineTable<OrgVariableRow>('org_variables', {
  name: { type: 'text', primary: true },
  sealed: { type: 'bytea' },
  keyId: { type: 'text' },
  version: { type: 'uuid' },
  updatedAt: { type: 'timestamptz' },
})
