// Checks of what the hub runs and who may enter: catalogue, packages, children, listening addresses, administrators, the demo key.
import type { DoctorCheck } from './checks.ts'

const list = (names: readonly string[]) => (names.length > 5 ? `${names.slice(0, 5).join(', ')} …` : names.join(', '))

export const RUNTIME_CHECKS: readonly DoctorCheck[] = [
  {
    id: 'catalog',
    title: 'Every manifest is in use',
    severity: 'error',
    fine: ({ catalog }) => `${catalog.servers} ${catalog.servers === 1 ? 'server' : 'servers'}`,
    find({ catalog }) {
      const [first] = catalog.faults
      if (first === undefined) return null
      const place = first.line === null ? first.file : `${first.file}:${first.line}`
      return {
        message: `${catalog.faults.length} ${catalog.faults.length === 1 ? 'fault' : 'faults'}, the first: ${place}: ${first.message}`,
        fix: 'Correct it; the hub reads it at once. Until then the last good version serves',
      }
    },
  },
  {
    id: 'packages',
    only: 'local',
    title: 'All packages are installed',
    severity: 'error',
    fine: ({ packages }) => `${packages.length} installed`,
    find({ packages }) {
      const failed = packages.filter(({ state }) => state.state === 'Failed')
      if (failed.length > 0) {
        const [first] = failed
        const why = first?.state.state === 'Failed' ? first.state.message : ''
        const servers = list(failed.map(({ server }) => server))
        return {
          message: `Not installed for ${servers}: ${why}`,
          fix: 'Correct name and version in the manifest, or see that this host reaches the npm registry',
        }
      }
      const waiting = packages.filter(({ state }) => state.state !== 'Ready').map(({ server }) => server)
      if (waiting.length === 0) return null
      return { message: `Being installed: ${list(waiting)}`, fix: 'Wait a moment and check again' }
    },
  },
  {
    id: 'npm-registry',
    only: 'local',
    title: 'The npm settings can be read and are private',
    severity: 'error',
    fine: ({ npmrc }) => (npmrc === null ? 'No MCPHUB_NPMRC: the public registry' : npmrc.path),
    find({ npmrc }) {
      if (npmrc === null) return null
      if (npmrc.file === null)
        return { message: `${npmrc.path} cannot be read`, fix: 'Correct MCPHUB_NPMRC, or let the hub read the file' }
      if ((npmrc.file.mode & 0o077) === 0) return null
      return { message: `Others can read ${npmrc.path}, which may hold a token`, fix: `chmod 0600 ${npmrc.path}` }
    },
  },
  {
    id: 'separation',
    title: "Users' servers are kept apart by the system",
    severity: 'warning',
    fine: ({ separation }) => separation.message,
    find({ separation }) {
      if (separation.kind !== 'ProcessOnly') return null
      return {
        message: separation.message,
        fix: 'Start the hub as root (each user gets an account of their own) or allow user namespaces; else let only people in who trust each other',
      }
    },
  },
  {
    id: 'sandboxes',
    title: 'Servers start and stay up',
    severity: 'warning',
    fine: () => 'No recent failure',
    find({ sandboxFaults, upstreamFaults }) {
      const faults = [...sandboxFaults, ...upstreamFaults]
      const [first] = faults
      if (first === undefined) return null
      const servers = list([...new Set(faults.map(({ server }) => server))])
      return {
        message: `${servers}: ${first.message}`,
        fix:
          sandboxFaults.length > 0
            ? 'Read what it wrote: `mcphub sandboxes logs <id>`; then correct its manifest or its variables'
            : 'Correct the address in its manifest, or see that this host reaches it',
      }
    },
  },
  {
    id: 'listening',
    title: 'The hub listens on every address it should',
    severity: 'warning',
    fine: ({ listening }) => `${listening.hosts.join(' and ')}, port ${listening.port}`,
    find({ listening }) {
      const missing = listening.wanted.filter((host) => !listening.hosts.includes(host))
      if (missing.length === 0) return null
      return {
        message: `Not on ${missing.join(', ')}: this host lacks the address. A client that resolves "localhost" to it does not get in`,
        fix: 'Use http://127.0.0.1 in the editor, or turn IPv6 on',
      }
    },
  },
  {
    id: 'administrator',
    title: 'Somebody can administer the hub',
    severity: 'error',
    fine: ({ database }) => `${database?.activeAdmins} active`,
    find({ database, mode }) {
      if (database === null || database.activeAdmins > 0) return null
      return {
        message: 'No active administrator',
        fix:
          mode === 'local'
            ? 'Open the set-up link the hub printed at its start; a restart prints a new one'
            : 'Open a set-up link; a gateway prints one: kubectl exec deploy/<release>-gateway -- node /app/main.mjs setup-link',
      }
    },
  },
  {
    id: 'demo-key',
    only: 'local',
    title: "The demo user's key",
    severity: 'warning',
    fine: () => 'No key of the demo user lets anybody in',
    find({ demoKeyActive }) {
      if (!demoKeyActive) return null
      return {
        message: 'The demo user has a key that was printed at the first start',
        fix: 'Before others use this hub: `mcphub users deactivate demo`, and MCPHUB_DEMO_KEY=off',
      }
    },
  },
]
