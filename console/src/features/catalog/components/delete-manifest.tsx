// Removing a server or a UserGroup: first what it means for whom.
import { useEffect, useState } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { useRemoveManifest, type Manifest } from '../api/manifests.ts'
import { ask, type Effect } from '../api/use-check.ts'
import { EffectText } from './effect-text.tsx'

interface DeleteManifestProps {
  readonly manifest: Manifest
  readonly onRemoved: () => void
}

export function DeleteManifest({ manifest, onRemoved }: DeleteManifestProps) {
  const t = useText('catalog')
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <Button kind="danger" icon="trash" onClick={() => setAsking(true)}>
        {t('delete.open')}
      </Button>
      {isAsking && <DeleteDialog manifest={manifest} onRemoved={onRemoved} onClose={() => setAsking(false)} />}
    </>
  )
}

function DeleteDialog({ manifest, onRemoved, onClose }: DeleteManifestProps & { readonly onClose: () => void }) {
  const t = useText('catalog')
  const { kind, name, version } = manifest
  const { effect, error } = useRemovalEffect(manifest)
  const remove = useRemoveManifest(kind, name, onRemoved)
  return (
    <ConfirmDialog
      title={t('delete.title', { name })}
      action={t('delete.confirm')}
      busy={remove.isPending}
      onConfirm={() => remove.mutate({ params: { name }, query: { version } })}
      onClose={onClose}
    >
      {effect === null && error === null && <Skeleton label={t('review.checking')} />}
      {effect !== null && <EffectText effect={effect} />}
      {error !== null && <Fault error={error} />}
      <p>{t('delete.why')}</p>
      {remove.error !== null && <Fault error={remove.error} />}
    </ConfirmDialog>
  )
}

function useRemovalEffect({ kind, name }: Manifest) {
  const [answer, setAnswer] = useState<{ readonly effect: Effect | null; readonly error: unknown }>({
    effect: null,
    error: null,
  })
  useEffect(() => {
    const abort = new AbortController()
    ask({ remove: { kind, name } }, abort.signal).then(
      ({ effect }) => setAnswer({ effect, error: null }),
      (error: unknown) => {
        if (!abort.signal.aborted) setAnswer({ effect: null, error })
      },
    )
    return () => abort.abort()
  }, [kind, name])
  return answer
}
