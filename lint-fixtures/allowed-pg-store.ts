// file: gateway/src/features/users/pg-users-store.ts
// fires: nothing
import { DataSource } from 'typeorm'

export const Source = DataSource
