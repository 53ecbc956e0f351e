// Which images may run. A prefix ends at a boundary: `ghcr.io/acme` allows `ghcr.io/acme/x`, never `ghcr.io/acme-evil/x`.

/** @param prefixes none: any image */
export function isImageAllowed(image: string, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some((prefix) => beginsWith(image, prefix))
}

function beginsWith(image: string, prefix: string): boolean {
  if (!image.startsWith(prefix)) return false
  return prefix.endsWith('/') || image === prefix || '/:@'.includes(image[prefix.length]!)
}
