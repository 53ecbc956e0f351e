// What an entry is about, in words: people by their names, what became of them in the reader's language. The record itself keeps ids and marks.
import { useText } from '../../../lib/i18n/use-text.ts'
import type { AuditEntry } from './audit-query.ts'
import { MARKS, readTarget } from './read-target.ts'

export function useTarget(): (entry: AuditEntry) => string | null {
  const t = useText('audit')
  const tellError = useText('errors')
  return (entry) => {
    const target = readTarget(entry)
    if (target === null) return null
    const { name, mark, fault } = target
    if (mark !== undefined) return t('marked', { name, mark: t(MARKS[mark]) })
    return fault === undefined ? name : t('told', { name, words: tellError(`login.${fault}`) })
  }
}
