// A provider that is being written: its draft, what the hub says of it, and the two things that can be done with it.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { EMPTY, configOf, draftOf, proposeName, type Draft, type Provider } from './provider-draft.ts'

interface Written {
  /** null: a new one */
  readonly provider: Provider | null
  /** short names that are in use */
  readonly taken: readonly string[]
  readonly onSaved: () => void
}

export function useProviderForm({ provider, taken, onSaved }: Written) {
  const [draft, setDraft] = useState<Draft>(
    provider === null ? { ...EMPTY, id: proposeName(EMPTY.kind, taken) } : draftOf(provider),
  )
  const save = useChange('putProvider', { renews: ['providers'], onDone: onSaved })
  const check = useChange('checkProvider')
  const name = provider?.id ?? draft.id.trim()
  const typed = draft.clientSecret === '' ? {} : { clientSecret: draft.clientSecret }
  return {
    draft,
    name,
    error: save.error ?? check.error,
    found: check.data?.items ?? null,
    isSaving: save.isPending,
    isChecking: check.isPending,
    change(changed: Partial<Draft>): void {
      // a proposal follows the kind; what was typed stays
      const isProposal = draft.id === proposeName(draft.kind, taken)
      const proposed = isProposal && changed.kind !== undefined ? { id: proposeName(changed.kind, taken) } : {}
      setDraft({ ...draft, ...proposed, ...changed })
      check.reset()
    },
    save(): void {
      const body = { config: configOf(draft), enabled: draft.enabled, version: provider?.version ?? null, ...typed }
      save.mutate({ params: { id: name }, body })
    },
    check(): void {
      save.reset()
      check.mutate({ body: { id: name, config: configOf(draft), ...typed } })
    },
  }
}
