// Kubernetes quantities as the resources' fields may hold them (crds/patterns.ts), as numbers that can be compared.

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
}

/** Thousandths of a CPU, rounded up; null for what is no quantity of CPUs. */
export function cpuMillis(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)(m?)$/.exec(text)
  if (!parts) return null
  // 0.29 * 1000 is 290.00000000000006
  return Math.ceil(Number((Number(parts[1]) * (parts[2] === 'm' ? 1 : 1000)).toFixed(6)))
}

/** Bytes, rounded up; null for what is no quantity of memory. */
export function memoryBytes(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(text)
  return parts ? Math.ceil(Number(parts[1]) * UNITS[parts[2] ?? '']!) : null
}
