// What a sandbox writes to stderr, as it is written. The last line stays in sight until one scrolls up.
import { useLayoutEffect, useRef, useState } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { CopyButton } from '../../../ui/copy.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { useSandboxLog, type SandboxLog } from './use-sandbox-log.ts'

interface LogDialogProps {
  readonly id: string
  readonly server: string
  readonly onClose: () => void
  /** one watches here how it starts; null: it is not one's own */
  readonly onRestart: (() => void) | null
  readonly isBusy: boolean
}

export function LogDialog({ id, server, onClose, onRestart, isBusy }: LogDialogProps) {
  const t = useText('sandboxes')
  const [attempt, setAttempt] = useState(0)
  return (
    <Dialog wide title={t('log.title', { server })} onClose={onClose}>
      <Log key={attempt} id={id} onAgain={() => setAttempt(attempt + 1)} />
      {onRestart !== null && (
        <div>
          <Button icon="refresh" busy={isBusy} onClick={onRestart}>
            {t('restart')}
          </Button>
        </div>
      )}
    </Dialog>
  )
}

interface LogProps {
  readonly id: string
  readonly onAgain: () => void
}

function Log({ id, onAgain }: LogProps) {
  const t = useText('sandboxes')
  const log = useSandboxLog(id)
  const { connection, text, isCut, isUnheard } = log
  return (
    <>
      <div className="flex flex-col gap-2">
        <p className="text-small text-muted">{t('log.lead')}</p>
        <div role="status" className="flex flex-col gap-2">
          {connection === 'lost' && <Notice>{t('log.lost')}</Notice>}
          {connection === 'over' && (
            <Notice action={<Button onClick={onAgain}>{t('log.again')}</Button>}>{t('log.over')}</Notice>
          )}
          {isUnheard && <Notice tone="calm">{t('log.unheard')}</Notice>}
          {isCut && <Notice tone="calm">{t('log.cut')}</Notice>}
        </div>
      </div>
      {connection === 'opening' ? <Skeleton /> : <Output log={log} />}
      <div className="flex justify-end">
        <CopyButton text={text} label={t('log.copy')} />
      </div>
    </>
  )
}

/** This far from the end one still reads the end. */
const NEAR = 24

function Output({ log: { text, connection, isUnheard } }: { readonly log: SandboxLog }) {
  const t = useText('sandboxes')
  const box = useRef<HTMLPreElement>(null)
  const isAtEnd = useRef(true)
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [text])
  return (
    <>
      <pre
        ref={box}
        role="region"
        aria-label={t('log.text')}
        tabIndex={0}
        dir="ltr"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR
        }}
        className="h-80 overflow-auto rounded-md border border-line bg-raised p-3 text-small whitespace-pre-wrap"
      >
        {text}
      </pre>
      {text === '' && connection === 'live' && !isUnheard && <p className="text-muted">{t('log.nothing')}</p>}
    </>
  )
}
