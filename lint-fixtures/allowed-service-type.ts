// file: gateway/src/features/keys/good.ts
// fires: nothing
import type { UsersService } from '../users/users-service.ts'

export type Its = UsersService
