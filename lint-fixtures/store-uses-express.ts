// file: gateway/src/features/keys/pg-keys-store.ts
// fires: eslint(no-restricted-imports) express lives in
import express from 'express'

export const app = express()
