// users, external_accounts: who people are, by an id that never changes and by their accounts elsewhere.
import { defineTable } from '../define-table.ts'

export interface UserRow {
  id: string
  username: string
  role: 'admin' | 'member'
  active: boolean
  /** grows when keys and sessions of before must not live again */
  epoch: number
  createdAt: Date
  deletedAt: Date | null
}

export const usersTable = defineTable<UserRow>('users', {
  id: { type: 'uuid', primary: true, generated: true },
  username: { type: 'text' },
  role: { type: 'text' },
  active: { type: 'boolean', generated: true },
  epoch: { type: 'integer', generated: true },
  createdAt: { type: 'timestamptz', generated: true },
  deletedAt: { type: 'timestamptz', nullable: true },
})

export interface ExternalAccountRow {
  provider: string
  subject: string
  userId: string
  linkedAt: Date
}

export const externalAccountsTable = defineTable<ExternalAccountRow>('external_accounts', {
  provider: { type: 'text', primary: true },
  subject: { type: 'text', primary: true },
  userId: { type: 'uuid' },
  linkedAt: { type: 'timestamptz', generated: true },
})
