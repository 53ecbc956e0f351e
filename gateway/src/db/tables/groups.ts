// personal_groups: a user's own on/off sets of servers.
import { defineTable } from '../define-table.ts'

export interface PersonalGroupRow {
  id: string
  userId: string
  name: string
  description: string | null
  servers: string[]
  active: boolean
  createdAt: Date
  updatedAt: Date
}

export const personalGroupsTable = defineTable<PersonalGroupRow>('personal_groups', {
  id: { type: 'uuid', primary: true, generated: true },
  userId: { type: 'uuid' },
  name: { type: 'text' },
  description: { type: 'text', nullable: true },
  servers: { type: 'text', array: true },
  active: { type: 'boolean' },
  createdAt: { type: 'timestamptz', generated: true },
  updatedAt: { type: 'timestamptz' },
})
