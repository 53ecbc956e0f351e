// Changes of users as other parts hear them, on every replica: made into feed subjects here and read back here.
import { randomBytes } from 'node:crypto'
import type { ChangeSource, Unit } from '../../db/unit.ts'
import type { User, UserChange, UserChangeKind } from './users-service.ts'

/** this process: what it announced itself it knows again */
const ORIGIN = randomBytes(6).toString('hex')

export function announceUser(unit: Unit, kind: UserChangeKind, userId: string): void {
  unit.announce('users', `${kind}/${userId}/${ORIGIN}`)
  unit.announce('identity', userId)
}

function parseUserChange(subject: string): UserChange {
  const [kind, userId, origin] = subject.split('/') as [UserChangeKind, string, string?]
  return { kind, userId, isOwn: origin === ORIGIN }
}

export interface UserChangesDeps {
  readonly changes: ChangeSource
  /** users that are not allowed in now; told again when the feed lost its place */
  readonly listLocked: () => Promise<readonly User[]>
}

export function subscribeUsers(deps: UserChangesDeps, listener: (change: UserChange) => void): () => void {
  return deps.changes.subscribe('users', (subjects) => {
    if (subjects) {
      for (const subject of subjects) listener(parseUserChange(subject))
      return
    }
    const retell = async (): Promise<void> => {
      for (const user of await deps.listLocked())
        listener({ userId: user.id, kind: user.deletedAt ? 'deleted' : 'deactivated', isOwn: false })
    }
    // Should the database be lost again just now, the feed says so and starts over.
    retell().catch(() => undefined)
  })
}
