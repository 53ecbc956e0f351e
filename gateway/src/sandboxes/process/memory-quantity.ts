// Kubernetes quantities of memory ("512Mi", "1G", "1073741824") as bytes. Pure.
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** Null: not a quantity of memory. */
export function parseMemory(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text)
  if (match === null) return null
  const bytes = Math.floor(Number(match[1]) * (FACTORS[match[2] ?? ''] ?? 1))
  return bytes > 0 ? bytes : null
}
