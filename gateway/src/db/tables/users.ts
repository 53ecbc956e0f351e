// users, external_accounts: who people are, by an id that never changes and by their accounts elsewhere.
import type { Role } from '@mcphub/api'
import { defineTable } from '../define-table.ts'

export interface UserRow {
  id: string
  username: string
  role: Role
  active: boolean
  /** grows when keys and sessions of before must not live again */
  epoch: number
  createdAt: Date
  deletedAt: Date | null
  /** language and theme of the console, as the person set them */
  preferences: object
  /** until when a provider's word that this person may come in holds; null: for ever */
  loginUntil: Date | null
}

export const usersTable = defineTable<UserRow>('users', {
  id: { type: 'uuid', primary: true, generated: true },
  username: { type: 'text' },
  role: { type: 'text' },
  active: { type: 'boolean', generated: true },
  epoch: { type: 'integer', generated: true },
  createdAt: { type: 'timestamptz', generated: true },
  deletedAt: { type: 'timestamptz', nullable: true },
  preferences: { type: 'json', generated: true },
  loginUntil: { type: 'timestamptz', nullable: true },
})

export interface ExternalAccountRow {
  provider: string
  subject: string
  userId: string
  linkedAt: Date
  /** names the link to its owner, who never sees the subject */
  id: string
  loginAt: Date | null
  label: string | null
}

export const externalAccountsTable = defineTable<ExternalAccountRow>('external_accounts', {
  provider: { type: 'text', primary: true },
  subject: { type: 'text', primary: true },
  userId: { type: 'uuid' },
  linkedAt: { type: 'timestamptz', generated: true },
  id: { type: 'uuid', generated: true },
  loginAt: { type: 'timestamptz', nullable: true },
  label: { type: 'text', nullable: true },
})
