// The handle of a user: unique, changeable, never an identity. Compared in one form only (NFC, lower case), so `Alice` is `alice`.
import { z } from 'zod'

export const username = z
  .string()
  .normalize('NFC')
  .toLowerCase()
  .min(1)
  .max(64)
  .regex(
    /^[\p{L}\p{N}]([\p{L}\p{M}\p{N}._@+-]*[\p{L}\p{M}\p{N}])?$/u,
    'use letters, digits and "." "_" "@" "+" "-", starting and ending with a letter or digit',
  )
