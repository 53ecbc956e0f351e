// file: gateway/src/auth/bad-pg.ts
// fires: eslint(no-restricted-imports) typeorm and pg live in
import type { Pool } from 'pg'

export type Its = Pool
