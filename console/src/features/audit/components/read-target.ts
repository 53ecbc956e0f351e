// What the record says an entry is about, taken apart: the thing or the person, and what became of them.
import type { LoginFault } from '@mcphub/api'
import type { TextKey } from '../../../lib/i18n/words.ts'
import { LOGIN_CALLBACK, isLoginFault } from '../../../lib/login-faults.ts'

interface Entry {
  readonly action: string
  readonly targetShown: string | null
}

export const MARKS = {
  'role=admin': 'mark.admin',
  'role=auditor': 'mark.auditor',
  'role=member': 'mark.member',
  'admin=true': 'mark.admin',
  'admin=false': 'mark.member',
  'active=true': 'mark.on',
  'active=false': 'mark.off',
  'mode=soft': 'mark.soft',
  'mode=hard': 'mark.hard',
} as const satisfies Readonly<Record<string, TextKey<'audit'>>>
type Mark = keyof typeof MARKS

interface Target {
  readonly name: string
  readonly mark?: Mark
  readonly fault?: LoginFault
}

const isMark = (text: string): text is Mark => Object.hasOwn(MARKS, text)

export function readTarget({ action, targetShown }: Entry): Target | null {
  if (targetShown === null) return null
  const at = targetShown.lastIndexOf(' ')
  const [name, last] = [targetShown.slice(0, at), targetShown.slice(at + 1)]
  if (at > 0 && isMark(last)) return { name, mark: last }
  const [provider = '', fault = ''] = targetShown.split(' ')
  if (action === LOGIN_CALLBACK && isLoginFault(fault)) return { name: provider, fault }
  const owned = /^(\S+) of (\S+)$/.exec(targetShown)
  return { name: owned === null ? targetShown : `${owned[2]} (${owned[1]})` }
}
