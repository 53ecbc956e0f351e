// file: gateway/src/features/users/users-router.ts
// fires: nothing
import { Router } from 'express'

export const make = Router
