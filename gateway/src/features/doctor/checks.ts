// The hub's checks of itself, as data: each looks at the gathered facts and answers with null (all is well) or what is wrong and the fix.
// The catalogue of servers, packages and sandboxes is checked in runtime-checks.ts, the host below it here.
import { LIMITS, type CheckResponse } from '@mcphub/api'
import type { DoctorFacts, FileFacts } from './facts.ts'

export interface Finding {
  readonly message: string
  readonly fix: string
}

export interface DoctorCheck {
  /** stable, kebab-case */
  readonly id: string
  readonly title: string
  readonly severity: CheckResponse['severity']
  /** default: in every mode */
  readonly only?: DoctorFacts['mode']
  /** what to say when all is well */
  readonly fine: (facts: DoctorFacts) => string
  readonly find: (facts: DoctorFacts) => Finding | null
}

const MiB = 1024 * 1024
const octal = (mode: number) => `0${mode.toString(8)}`
const mebibytes = (bytes: number) => `${Math.round(bytes / MiB)} MiB`

const MIN_NODE = [26, 4] as const
const MIN_POSTGRES = 15
const MAX_SKEW_MS = 2000
const MAX_ROUND_TRIP_MS = 250
const MIN_FREE_BYTES = 512 * MiB
const MIN_AVAILABLE_BYTES = 256 * MiB
const MAX_LOOP_DELAY_MS = 100
const MIN_OPEN_FILES = 4096

/** What is wrong with a file that others may not read. */
function findOpenFile(what: string, file: FileFacts, privateMode: number): Finding | null {
  if (!file.isOwn) {
    return { message: `${what} belongs to another account`, fix: `Give it to the hub's account: chown … ${file.path}` }
  }
  if ((file.mode & ~privateMode & 0o777) === 0) return null
  return {
    message: `${what} has mode ${octal(file.mode)}: others get at it`,
    fix: `chmod ${octal(privateMode)} ${file.path}`,
  }
}

export const HOST_CHECKS: readonly DoctorCheck[] = [
  {
    id: 'node-version',
    title: 'Node.js is recent enough',
    severity: 'error',
    fine: (facts) => facts.nodeVersion,
    find({ nodeVersion }) {
      const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
      if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return null
      return {
        message: `${nodeVersion} runs the hub`,
        fix: `Run it with Node ${MIN_NODE.join('.')} or later: \`make run\` does`,
      }
    },
  },
  {
    id: 'database-reachable',
    title: 'The database answers',
    severity: 'error',
    fine: ({ database }) => `PostgreSQL ${database?.version}, ${Math.round(database?.roundTripMs ?? 0)} ms away`,
    find({ database }) {
      if (database === null) {
        return {
          message: 'It does not answer',
          fix: 'Start PostgreSQL, or correct MCPHUB_DATABASE_URL_FILE; the hub recovers by itself',
        }
      }
      if (Number.parseInt(database.version, 10) >= MIN_POSTGRES) return null
      return { message: `It is PostgreSQL ${database.version}`, fix: `Upgrade to PostgreSQL ${MIN_POSTGRES} or later` }
    },
  },
  {
    id: 'database-fast',
    title: 'The database answers quickly',
    severity: 'warning',
    fine: () => 'Yes',
    find({ database }) {
      if (database === null || database.roundTripMs <= MAX_ROUND_TRIP_MS) return null
      return {
        message: `A round trip takes ${Math.round(database.roundTripMs)} ms`,
        fix: 'Put the database nearer, or look for what loads it; raise MCPHUB_DATABASE_POOL if connections wait',
      }
    },
  },
  {
    id: 'database-migrated',
    title: "The database has this version's schema",
    severity: 'error',
    fine: () => 'All migrations are applied',
    find({ database }) {
      if (database === null) return null
      if (database.unknownMigrations > 0) {
        return {
          message: 'A newer version of the hub has changed it',
          fix: 'Run that version, or restore a backup made before it',
        }
      }
      if (database.pendingMigrations.length === 0) return null
      return {
        message: `Not applied: ${database.pendingMigrations.join(', ')}`,
        fix: 'Restart the hub: it applies them at its start',
      }
    },
  },
  {
    id: 'clock',
    title: 'The clocks of hub and database agree',
    severity: 'warning',
    fine: () => `Within ${MAX_SKEW_MS / 1000} s`,
    find({ database }) {
      if (database === null || Math.abs(database.clockSkewMs) <= MAX_SKEW_MS) return null
      return {
        message: `They differ by ${Math.round(Math.abs(database.clockSkewMs) / 1000)} s: keys and sessions end at the wrong time`,
        fix: 'Turn on time synchronisation (NTP) on both hosts',
      }
    },
  },
  {
    id: 'key-ring-private',
    title: 'The key ring is there and private',
    severity: 'error',
    fine: ({ keyRing }) => `${keyRing.keyIds.length} ${keyRing.keyIds.length === 1 ? 'key' : 'keys'}`,
    find({ keyRing, mode }) {
      if (keyRing.file === null) {
        return {
          message: 'Its file cannot be read',
          fix: 'Restore it from your backup: stored variables open with nothing else',
        }
      }
      // a mounted Secret belongs to the kubelet, and its group is the pod's
      if (mode === 'kubernetes') return findOpenFile('Its file', { ...keyRing.file, isOwn: true }, 0o640)
      return findOpenFile('Its file', keyRing.file, 0o600)
    },
  },
  {
    id: 'key-ring-matches',
    title: 'The key ring opens the stored variables',
    severity: 'error',
    fine: () => 'Every stored value has its key',
    find({ database, keyRing }) {
      const lost = (database?.sealingKeyIds ?? []).filter((id) => !keyRing.keyIds.includes(id))
      if (lost.length === 0) return null
      return {
        message: `Values are sealed with ${lost.length === 1 ? 'a key' : `${lost.length} keys`} the ring lacks: ${lost.join(', ')}`,
        fix: 'Put the missing keys back from a backup of the key ring; without them the values must be set again',
      }
    },
  },
  {
    id: 'data-folder',
    only: 'local',
    title: 'The data folder is writable and private',
    severity: 'error',
    fine: ({ dataFolder }) => dataFolder?.path ?? '',
    find({ dataFolder }) {
      if (dataFolder === null)
        return { message: 'It cannot be read', fix: 'Make the folder MCPHUB_DATA_DIR names, for the hub alone' }
      if (!dataFolder.isWritable) {
        return { message: 'It cannot be written to', fix: `Give the hub's account write access to ${dataFolder.path}` }
      }
      // children under other accounts pass through it to their own folders: search, never list
      return findOpenFile('It', dataFolder, 0o711)
    },
  },
  {
    id: 'disk-space',
    only: 'local',
    title: 'The disk has room',
    severity: 'warning',
    fine: ({ disk }) => (disk === null ? 'Unknown on this host' : `${mebibytes(disk.freeBytes)} free`),
    find({ disk }) {
      if (disk === null || disk.freeBytes >= MIN_FREE_BYTES) return null
      return {
        message: `${mebibytes(disk.freeBytes)} are left`,
        fix: 'Free some space: packages, work folders and the database need it',
      }
    },
  },
  {
    id: 'memory',
    title: 'The host has memory left',
    severity: 'warning',
    fine: ({ memory }) => `The hub uses ${mebibytes(memory.rssBytes)}, ${mebibytes(memory.availableBytes)} are free`,
    find({ memory }) {
      if (memory.availableBytes >= MIN_AVAILABLE_BYTES) return null
      return {
        message: `${mebibytes(memory.availableBytes)} are free`,
        fix: 'Stop sandboxes (`mcphub sandboxes list`), lower MCPHUB_SANDBOXES_PER_USER, or add memory',
      }
    },
  },
  {
    id: 'open-files',
    title: 'The limit of open files is high enough',
    severity: 'warning',
    fine: ({ openFiles }) =>
      openFiles === null ? 'Unknown on this host' : `${openFiles.used} of ${openFiles.limit} in use`,
    find({ openFiles }) {
      if (openFiles === null) return null
      const { used, limit } = openFiles
      if (limit >= MIN_OPEN_FILES && used < limit * 0.8) return null
      return {
        message: `${used} of ${limit} are in use`,
        fix: 'Raise it before the start: ulimit -n 65536, or LimitNOFILE= in the unit',
      }
    },
  },
  {
    id: 'event-loop',
    title: 'The process keeps up',
    severity: 'warning',
    fine: ({ eventLoopDelayP99Ms }) => `99 of 100 turns wait at most ${Math.round(eventLoopDelayP99Ms)} ms`,
    find({ eventLoopDelayP99Ms }) {
      if (eventLoopDelayP99Ms <= MAX_LOOP_DELAY_MS) return null
      return {
        message: `One turn in a hundred waits ${Math.round(eventLoopDelayP99Ms)} ms`,
        fix: 'Give the hub more CPU; see mcphub_mcp_calls_total for what it is busy with',
      }
    },
  },
  {
    id: 'audit-complete',
    title: 'No audit record was lost',
    severity: 'error',
    fine: ({ audit }) => `${audit.queued} wait to be written`,
    find({ audit }) {
      if (audit.lost === 0 && audit.queued < LIMITS.auditQueue / 2) return null
      if (audit.lost > 0) {
        return {
          message: `${audit.lost} were lost since the start`,
          fix: 'The database was away or slow for too long: see its log, then restart the hub',
        }
      }
      return {
        message: `${audit.queued} wait to be written`,
        fix: 'The database is slow or away: see the check database-reachable',
      }
    },
  },
]
