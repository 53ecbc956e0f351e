// Port: the providers people log in through, as they are set right now. Settings come from the hub's configuration and from the console; of one
// name, the configuration's is used.
import type { ProviderConfig } from '@mcphub/api'
import type { Secret } from '../../secrets/secret.ts'

interface Held {
  readonly id: string
  /** null: a client without one, which proves itself by PKCE alone */
  readonly secret: Secret | null
  readonly source: 'config' | 'console'
}

/** `webUrl` and `apiUrl` without a slash at their end. */
export type GithubSetting = Extract<ProviderConfig, { kind: 'github' }> & Held
/** `issuer` exactly as it was written. */
export type OidcSetting = Extract<ProviderConfig, { kind: 'oidc' }> & Held
export type ProviderSetting = GithubSetting | OidcSetting

export interface ProviderSettings {
  /** Those in use, the configuration's first. Each is the same object until it changes, so it can key a cache. */
  list(): readonly ProviderSetting[]
  find(id: string): ProviderSetting | null
  /** Called when one of them changed, on every replica. Returns the end of it. */
  subscribe(listener: () => void): () => void
}

const GITHUB = 'https://github.com'

/**
 * Under which name accounts and claims are kept: what numbers its people, not what an administrator calls it. GitHub Enterprise Servers number
 * theirs from 1, too: each is a name of its own.
 */
export const accountProviderOf = (setting: ProviderConfig): string => {
  if (setting.kind === 'oidc') return setting.issuer
  return setting.webUrl === GITHUB ? 'github' : setting.webUrl
}

/** Where the stored secret travels to. Another one of these, and it must be given again: it was given for that address. */
export const addressOf = (config: ProviderConfig): string =>
  JSON.stringify(
    config.kind === 'oidc'
      ? [config.kind, config.issuer, config.clientId]
      : [config.kind, config.webUrl, config.apiUrl, config.clientId],
  )
