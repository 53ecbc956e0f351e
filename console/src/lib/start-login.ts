// The address at which a browser begins to log in at a provider.
import { urlOf } from './api/client.ts'
import type { LoginProvider } from './login-term.ts'

/** It comes back to `returnPath`, a path of the console. */
export const startLogin = ({ id, kind }: LoginProvider, returnPath: string): string =>
  urlOf(kind === 'github' ? 'startGithubLogin' : 'startOidcLogin', { query: { provider: id, return: returnPath } })
