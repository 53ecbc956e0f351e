// Copies a text, and says that it has. Where the browser refuses, the text is selected so that Ctrl-C does it.
import { useRef, useState } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { Button } from './button.tsx'

interface CopyButtonProps {
  readonly text: string
  /** what is copied, for who cannot see what stands beside it */
  readonly label: string
  /** the clipboard is not to be had */
  readonly onRefused?: () => void
}

export function CopyButton({ text, label, onRefused }: CopyButtonProps) {
  const t = useText('common')
  const [state, setState] = useState<'ready' | 'done' | 'refused'>('ready')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setState('done')
    } catch {
      setState('refused')
      onRefused?.()
    }
  }
  return (
    <>
      <Button
        kind="quiet"
        icon={state === 'done' ? 'check' : 'copy'}
        aria-label={label}
        onClick={() => void copy()}
        onBlur={() => setState('ready')}
      >
        {state === 'done' ? t('copied') : t('copy')}
      </Button>
      <span role="status" className="sr-only">
        {state === 'done' && t('copied')}
        {state === 'refused' && t('copyRefused')}
      </span>
    </>
  )
}

interface CopyBlockProps {
  readonly text: string
  readonly label: string
}

/** A block to be taken elsewhere whole: a configuration, a key. */
export function CopyBlock({ text, label }: CopyBlockProps) {
  const t = useText('common')
  const block = useRef<HTMLPreElement>(null)
  const select = (): void => {
    if (block.current) window.getSelection()?.selectAllChildren(block.current)
  }
  return (
    <div className="flex flex-col gap-1 rounded-md border border-line bg-raised p-2">
      <div className="flex items-center justify-between gap-2">
        <span className="px-1 text-small text-muted">{label}</span>
        <CopyButton text={text} label={`${t('copy')}: ${label}`} onRefused={select} />
      </div>
      <pre ref={block} tabIndex={0} aria-label={label} className="px-1 text-small whitespace-pre-wrap">
        {text}
      </pre>
    </div>
  )
}
