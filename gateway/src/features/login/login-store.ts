// What logging in keeps: passwords by their hash, one-time links by theirs, and how often a name was tried in vain.
import type { Unit } from '../../db/unit.ts'

export interface LoginAccount {
  readonly userId: string
  readonly username: string
  /** null: no password was ever set */
  readonly phc: string | null
}

export type LinkPurpose = 'invite' | 'demo'

export interface OneTimeLink {
  readonly userId: string
  readonly username: string
  readonly purpose: LinkPurpose
}

export interface NewLink {
  readonly sha256: Buffer
  readonly userId: string
  readonly purpose: LinkPurpose
  readonly expiresAt: Date
}

export interface LoginStore {
  /** Of an active, living person of this name; null else. One look, whatever is found. */
  findAccount(username: string): Promise<LoginAccount | null>
  /** Whoever changes it waits for the end of the unit. */
  lockPassword(unit: Unit, userId: string): Promise<string | null>
  readPassword(userId: string): Promise<string | null>
  putPassword(unit: Unit, userId: string, phc: string): Promise<void>
  /** That it opened a session just now. */
  notePassword(unit: Unit, userId: string): Promise<void>
  /** Names of the living whose password was set or opened a session within 30 days; of too many the latest. */
  listKnown(atMost: number): Promise<readonly string[]>
  /**
   * No provider's login is needed any more; whether one was. Where one was due, what providers said counts no more: claims end on their own day,
   * and no other way in brings them back.
   */
  renewLogin(unit: Unit, userId: string): Promise<boolean>
  /** Takes the place of the person's other links for the same purpose. @throws HubError `not_found` when the user is gone */
  putLink(unit: Unit, link: NewLink): Promise<void>
  /** Of an active, living person, while it lasts. */
  findLink(sha256: Buffer): Promise<OneTimeLink | null>
  /** As `findLink`, and it is gone: of two at the same time one gets it. */
  takeLink(unit: Unit, sha256: Buffer): Promise<OneTimeLink | null>
  /** Every link of the person that was not used; waits for one that is being taken. */
  dropLinks(unit: Unit, userId: string): Promise<void>
  /** Counts a try under a name. Seconds it has to wait (then it is not counted), 0 when it may go on. */
  countTry(unit: Unit, name: string): Promise<number>
  forgetTries(unit: Unit, name: string): Promise<void>
}
