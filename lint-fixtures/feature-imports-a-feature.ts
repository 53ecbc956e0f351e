// file: gateway/src/features/keys/bad.ts
// fires: eslint(no-restricted-imports) another feature only through its service's type
import { createUsers } from '../users/users-service.ts'

export const users = createUsers
