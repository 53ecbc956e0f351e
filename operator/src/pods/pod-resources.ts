// What one sandbox may use. A limit of 0 would mean "no limit" to the runtime, and one beyond all bounds nothing at all, so both ends are held.
import { cpuMillis, memoryBytes, type EffectiveLimits, type StdioSpec } from '@mcphub/api'

const MiB = 1024 ** 2
const DEFAULT_CPU_MILLIS = 1000
const DEFAULT_MEMORY_BYTES = 512 * MiB
const REQUEST_CPU_MILLIS = 50
const REQUEST_MEMORY_BYTES = 64 * MiB
const CPU_RANGE = [10, 1_000_000] as const
const MEMORY_RANGE = [16 * MiB, 1024 ** 5] as const

/** Sizes of the folders a pod can write to. */
export const STORAGE = { work: '1Gi', tmp: '256Mi', package: '1Gi', installTmp: '1Gi', shim: '32Mi' } as const
/** all of them and what the container itself may hold */
const STORAGE_LIMIT = '4Gi'

/** The groups' word counts before the server's, that before the default. */
export function resourcesOf(stdio: StdioSpec, limits: EffectiveLimits): object {
  const wantedCpu = limits.cpu ?? stdio.resources.cpu
  const wantedMemory = limits.memory ?? stdio.resources.memory
  const cpu = within(wantedCpu === undefined ? null : cpuMillis(wantedCpu), CPU_RANGE) ?? DEFAULT_CPU_MILLIS
  const memory =
    within(wantedMemory === undefined ? null : memoryBytes(wantedMemory), MEMORY_RANGE) ?? DEFAULT_MEMORY_BYTES
  return {
    limits: { cpu: `${cpu}m`, memory: String(memory), 'ephemeral-storage': STORAGE_LIMIT },
    requests: {
      cpu: `${Math.min(cpu, REQUEST_CPU_MILLIS)}m`,
      memory: String(Math.min(memory, REQUEST_MEMORY_BYTES)),
      'ephemeral-storage': '64Mi',
    },
  }
}

function within(value: number | null, [least, most]: readonly [number, number]): number | null {
  return value === null ? null : Math.min(Math.max(value, least), most)
}
