// Chooses the account PostgreSQL runs as: it refuses to run as root, so root lends it an existing unprivileged one.
import { readFileSync } from 'node:fs'
import { StartFault } from '../start-fault.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/**
 * In this order, because: `postgres` exists for exactly this; `nobody` and `daemon` exist on every system and own no files. No account is ever
 * created: that would change the person's machine for good.
 */
const CANDIDATES = ['postgres', '_postgres', 'nobody', 'daemon', 'bin', 'games'] as const

/** Pure: the account to use out of the text of a passwd file. */
export function chooseAccount(passwd: string): Account | null {
  const accounts = passwd.split('\n').map(parsePasswdLine)
  for (const name of CANDIDATES) {
    const found = accounts.find((account) => account?.name === name)
    // uid 0 under another name is root all the same; macOS writes nobody's uid as -2
    if (found && found.uid > 0 && found.gid >= 0) return found
  }
  return null
}

function parsePasswdLine(line: string): Account | null {
  const [name, , uid, gid] = line.split(':')
  if (!name || uid === undefined || gid === undefined) return null
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** The account to run PostgreSQL as; null = as we are (an ordinary user). */
export function findPostgresAccount(): Account | null {
  if (process.getuid?.() !== 0) return null
  const account = chooseAccount(readFileSync('/etc/passwd', 'utf8'))
  if (account) return account
  throw new StartFault(
    'PostgreSQL refuses to run as root, and this machine has no unprivileged account (postgres, nobody, daemon, …) to run it as.',
    'Start the hub as an ordinary user.',
  )
}
