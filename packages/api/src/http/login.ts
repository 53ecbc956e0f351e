// Contracts of logging in at the console: local password, one-time links, console sessions, preferences. No secret is ever answered.
import { z } from 'zod'
import { id, listOf, time } from './common.ts'

/** A password as it was set once; only its length is bounded, so that a wrong one says nothing. */
const presentedPassword = z.string().min(1).max(512)

/** No rules of composition (NIST SP 800-63B §5.1.1.2); too common ones are refused by the hub. */
export const newPassword = z
  .string()
  .max(512)
  .normalize('NFC')
  .refine((text) => countCharacters(text) >= 12, 'use at least 12 characters')
  .refine((text) => countCharacters(text) <= 128, 'use at most 128 characters')

const countCharacters = (text: string): number => Array.from(text).length

export const loginOptionsResponse = z.object({
  /** there is no administrator yet: the set-up link comes first */
  setupNeeded: z.boolean(),
  /** a username and a password may be given here */
  local: z.boolean(),
  providers: z.array(z.object({ id: z.string(), kind: z.enum(['github', 'oidc']), label: z.string() })),
  /** `needs-https`: over this connection nobody may log in */
  transport: z.enum(['ok', 'needs-https']),
  publicUrl: z.string().nullable(),
})
export type LoginOptionsResponse = z.infer<typeof loginOptionsResponse>

export const loginLocalRequest = z.strictObject({ username: z.string().min(1).max(128), password: presentedPassword })
export type LoginLocalRequest = z.infer<typeof loginLocalRequest>

const linkToken = z.string().min(16).max(256)

export const readLoginLinkRequest = z.strictObject({ token: linkToken })

export const loginLinkResponse = z.object({
  username: z.string(),
  /** an invitation: who comes by it may set a password */
  takesPassword: z.boolean(),
})
export type LoginLinkResponse = z.infer<typeof loginLinkResponse>

/** The token of a one-time link; `password` sets (or replaces) the person's own, where the link is an invitation. */
export const redeemLoginLinkRequest = z.strictObject({
  token: linkToken,
  password: newPassword.optional(),
})
export type RedeemLoginLinkRequest = z.infer<typeof redeemLoginLinkRequest>

export const LOGIN_METHODS = ['password', 'link', 'setup', 'provider'] as const
export type LoginMethod = (typeof LOGIN_METHODS)[number]

export const consoleSessionSummary = z.object({ id, method: z.enum(LOGIN_METHODS), expiresAt: time })

export const consoleSessionResponse = consoleSessionSummary.extend({
  /** the session that asks */
  current: z.boolean(),
  /** as the browser names itself, at most 256 characters */
  browser: z.string().nullable(),
  createdAt: time,
  lastSeenAt: time,
})
export type ConsoleSessionResponse = z.infer<typeof consoleSessionResponse>
export const consoleSessionListResponse = listOf(consoleSessionResponse)

/** `current` is null for whoever has no password yet. */
export const setPasswordRequest = z.strictObject({ current: presentedPassword.nullable(), next: newPassword })
export type SetPasswordRequest = z.infer<typeof setPasswordRequest>

const language = z.enum(['en', 'ko'])
const theme = z.enum(['light', 'dark', 'system'])
/** null: as the browser has it */
export const preferences = z.object({ language: language.nullable(), theme: theme.nullable() })
export type Preferences = z.infer<typeof preferences>

export const setPreferencesRequest = z.strictObject({ language: language.optional(), theme: theme.optional() })
export type SetPreferencesRequest = z.infer<typeof setPreferencesRequest>

/** Shown this once: whoever has the link may log in as the person. */
export const inviteResponse = z.object({ link: z.string(), expiresAt: time })
export type InviteResponse = z.infer<typeof inviteResponse>
