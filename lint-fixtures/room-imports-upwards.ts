// file: gateway/src/catalog/bad-up.ts
// fires: eslint(no-restricted-imports) nobody imports upwards
import { buildApp } from '../app.ts'

export const app = buildApp
