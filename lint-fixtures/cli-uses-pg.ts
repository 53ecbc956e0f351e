// file: cli/src/bad-pg.ts
// fires: eslint(no-restricted-imports) typeorm and pg live in
import { Client } from 'pg'

export const Its = Client
