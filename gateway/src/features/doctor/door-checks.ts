// Checks of how people get in by a browser: the address they come by, the console behind it, the providers they log in through.
import type { CheckResponse } from '@mcphub/api'
import type { DoctorCheck } from './checks.ts'
import type { DoctorFacts } from './facts.ts'

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/
const isHere = (host: string): boolean => host === '127.0.0.1' || host === '::1'

export const DOOR_CHECKS: readonly DoctorCheck[] = [
  {
    id: 'console-public-url',
    title: 'People can log in from where they are',
    severity: 'warning',
    fine: ({ doors: { publicUrl, console } }) =>
      console === null ? 'This hub has no console' : (publicUrl ?? 'On this machine alone'),
    find({ doors: { publicUrl, console }, listening }) {
      if (console === null || publicUrl?.startsWith('https://') || LOOPBACK.test(publicUrl ?? '')) return null
      if (publicUrl === null && listening.hosts.every(isHere)) return null
      return {
        message:
          publicUrl === null
            ? 'The hub listens for other machines and does not know its address: nobody there can log in'
            : `${publicUrl} is no https: nobody can log in over it`,
        fix: 'Put something that speaks https in front, and give its address: MCPHUB_PUBLIC_URL (gateway.publicUrl, ingress or httpRoute of the chart)',
      }
    },
  },
  {
    id: 'console-built',
    title: 'The console is there',
    severity: 'error',
    fine: ({ doors }) => (doors.console === null ? 'This hub has none' : 'Yes'),
    find({ doors }) {
      if (doors.console === null || doors.console.isBuilt) return null
      return {
        message: 'Its pages are not built',
        fix: '`make console` builds them; the image has them in /app/console',
      }
    },
  },
]

/** In English alone. */
export type CheckedFact = Omit<CheckResponse, 'said' | 'fixSaid'>

/** One for each provider, under a name of its own. */
export function checkProviders({ doors }: DoctorFacts): CheckedFact[] {
  return doors.providers.map(({ id, label, fault }) => ({
    id: `login-provider-${id}`,
    title: `People can log in through ${label}`,
    severity: 'error',
    ok: fault === null,
    message: fault ?? 'It answers, and knows the hub',
    fix: fault === null ? null : 'Look at it on the page Login of the console, or at its guide (docs/guides/login.md)',
  }))
}
