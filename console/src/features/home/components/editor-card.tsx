// Is an editor of mine connected?
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import type { Tone } from '../../../ui/badge.tsx'
import { Time } from '../../../ui/time.tsx'
import { Card, CardQuery } from './card.tsx'
import { judgeEditor, type EditorState } from './judge-editor.ts'

const TONES: Readonly<Record<EditorState['kind'], Tone>> = {
  connected: 'good',
  away: 'calm',
  unused: 'warn',
  none: 'warn',
}

export function EditorCard() {
  const sessions = useQuery(queryOf('listSessions'))
  const keys = useQuery(queryOf('listKeys'))
  return (
    <CardQuery query={sessions}>
      {(open) => (
        <CardQuery query={keys}>{(own) => <Editor state={judgeEditor(open.items, own.items, Date.now())} />}</CardQuery>
      )}
    </CardQuery>
  )
}

function Editor({ state }: { readonly state: EditorState }) {
  const t = useText('home')
  const { kind } = state
  const isNew = kind === 'none' || kind === 'unused'
  return (
    <Card
      icon="connect"
      title={t('editor.title')}
      tone={TONES[kind]}
      state={t(`editor.${kind}`)}
      to={isNew ? '/connect' : '/activity?tab=sessions'}
      action={isNew ? t('editor.connect') : t('editor.see')}
      isUrgent={isNew}
    >
      {kind === 'connected' && state.names.length > 0 && <p>{t('editor.names', { names: state.names })}</p>}
      {(kind === 'connected' || kind === 'away') && (
        <p className="text-muted">
          {t('editor.last')} <Time at={state.lastAt} />
        </p>
      )}
      {kind === 'unused' && <p>{t('editor.unusedWhy')}</p>}
      {kind === 'none' && <p>{t('editor.noneWhy')}</p>}
    </Card>
  )
}
