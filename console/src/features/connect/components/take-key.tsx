// The key, this once, in the form the editor takes: a link that opens it, and the text to paste. Nothing of it is left when one leaves.
import { buildKeyedUrl } from '@mcphub/api'
import { useEffect, useRef } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { CopyBlock } from '../../../ui/copy.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { endpointOf, findBlock, findLink, titleOf, type Choice } from './editors.ts'
import type { MadeKey } from './key-form.tsx'
import { openLink } from './open-link.ts'

interface TakeKeyProps {
  readonly made: MadeKey
  readonly choice: Choice
}

export function TakeKey({ made, choice }: TakeKeyProps) {
  const t = useText('connect')
  const endpoint = endpointOf(window.location.origin, made.scope)
  const title = titleOf(choice)
  const link = findLink(choice, endpoint, made.key)
  const begin = useRef<HTMLDivElement>(null)
  // the button that made it is gone, and whoever pressed it by keyboard goes on here
  useEffect(() => begin.current?.focus({ preventScroll: true }), [])
  return (
    <Section title={t('take')}>
      <div ref={begin} tabIndex={-1}>
        <Notice tone="warn">{t('once')}</Notice>
      </div>
      {link !== undefined && title !== null && (
        <div className="flex flex-wrap items-center gap-3">
          <Button kind="primary" icon="connect" onClick={() => openLink(link)}>
            {t('install', { editor: title })}
          </Button>
          <span className="text-small text-muted">{t('installHelp', { editor: title })}</span>
        </div>
      )}
      <KeyBlocks choice={choice} endpoint={endpoint} secret={made.key} />
    </Section>
  )
}

interface KeyBlocksProps {
  readonly choice: Choice
  readonly endpoint: string
  readonly secret: string
}

function KeyBlocks({ choice, endpoint, secret }: KeyBlocksProps) {
  const t = useText('connect')
  const block = findBlock(choice, endpoint, secret)
  if (block === undefined) {
    return (
      <>
        <CopyBlock label={t('address')} text={buildKeyedUrl(endpoint, secret)} />
        <CopyBlock label={t('header', { address: endpoint })} text={`Authorization: Bearer ${secret}`} />
      </>
    )
  }
  const label = choice === 'claude-code' ? t('run') : t('putInto', { file: block.where })
  return <CopyBlock label={label} text={block.text} />
}
