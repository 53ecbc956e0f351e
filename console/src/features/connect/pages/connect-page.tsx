// /connect: choose the editor, make a key, take it there, see it arrive. The address says which editor and which key is watched (?id=, its id);
// the key itself is in the state of this page alone.
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { ConnectionLight } from '../components/connection-light.tsx'
import { EditorChoice } from '../components/editor-choice.tsx'
import { readChoice, titleOf, type Choice } from '../components/editors.ts'
import { KeyForm, type MadeKey } from '../components/key-form.tsx'
import { TakeKey } from '../components/take-key.tsx'

export function Page() {
  const t = useText('connect')
  const [params, setParams] = useSearchParams()
  const [made, setMade] = useState<MadeKey | null>(null)
  const choice = readChoice(params.get('editor'))
  const keyId = params.get('id')
  const show = (editor: Choice, id: string | null): void =>
    setParams({ editor, ...(id !== null && { id }) }, { replace: true })
  const onMade = (key: MadeKey): void => {
    setMade(key)
    show(choice, key.id)
  }
  const startAgain = (): void => {
    setMade(null)
    show(choice, null)
  }
  return (
    <Frame title={t('title')} lead={t('lead')}>
      <EditorChoice value={choice} onChange={(editor) => show(editor, keyId)} />
      {keyId === null ? (
        <KeyForm editor={titleOf(choice) ?? t('otherName')} onMade={onMade} />
      ) : (
        <>
          {made?.id === keyId && <TakeKey made={made} choice={choice} />}
          <ConnectionLight key={keyId} keyId={keyId} />
          <p className="flex flex-wrap items-center gap-3 text-muted">
            {made?.id === keyId ? <TextLink to="/keys">{t('allKeys')}</TextLink> : t('notAgain')}
            <Button onClick={startAgain}>{t('another')}</Button>
          </p>
        </>
      )}
    </Frame>
  )
}
