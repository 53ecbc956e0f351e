// A dialog on the browser's own <dialog>: it keeps the focus inside, closes by Escape and gives the focus back to where it was.
import { useEffect, useId, useRef, useState, type ReactNode } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { Button, IconButton, type ButtonKind } from './button.tsx'
import { classes } from './classes.ts'
import { TextField } from './field.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  /** buttons, the one that does it last */
  readonly actions?: ReactNode
  readonly wide?: boolean
}

/** Shown for as long as it is rendered: {isOpen && <Dialog …/>} */
export function Dialog({ title, onClose, children, actions, wide = false }: DialogProps) {
  const t = useText('common')
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current!
    const before = document.activeElement
    element.showModal()
    // what one has come for, rather than the button that closes
    element.querySelector<HTMLElement>('input, select, textarea')?.focus()
    return () => {
      element.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      className={classes(
        'w-full rounded-md border border-line bg-surface p-0 shadow-raised',
        wide ? 'max-w-4xl' : 'max-w-lg',
      )}
    >
      <div className="flex max-h-[85dvh] flex-col">
        <header className="flex items-center justify-between gap-3 border-b border-line px-4 py-3">
          <h2 id={id} className="text-large font-semibold">
            {title}
          </h2>
          <IconButton icon="close" label={t('close')} onClick={onClose} />
        </header>
        <div className="flex flex-col gap-4 overflow-y-auto px-4 py-4">{children}</div>
        {actions && (
          <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">{actions}</footer>
        )}
      </div>
    </dialog>
  )
}

interface ConfirmDialogProps {
  readonly title: string
  /** what it will do, and whether there is a way back */
  readonly children: ReactNode
  readonly action: string
  readonly kind?: ButtonKind
  readonly busy?: boolean
  /** to be typed first, where there is no way back: the name of what is lost */
  readonly word?: string
  readonly onConfirm: () => void
  readonly onClose: () => void
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, action, kind = 'danger', busy = false, word, onConfirm, onClose } = props
  const t = useText('common')
  const [typed, setTyped] = useState('')
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button kind={kind} busy={busy} disabled={word !== undefined && typed.trim() !== word} onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      {word !== undefined && (
        <TextField
          label={t('confirm.type', { word })}
          value={typed}
          onChange={setTyped}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
    </Dialog>
  )
}
