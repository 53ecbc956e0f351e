// file: gateway/src/features/keys/keys-service.ts
// fires: eslint(no-restricted-imports) typeorm and pg live in
import { DataSource } from 'typeorm'

export const Source = DataSource
