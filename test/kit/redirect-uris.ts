// The addresses a client has at a provider's: what an administrator enters there, for each hub and each id the provider has in it.

export const redirectUris = (hubUrls: readonly string[], ids: readonly string[]): string[] =>
  hubUrls.flatMap((url) => ids.map((id) => `${url}/api/oauth/callback/${id}`))
