// A button that takes something away, once it was asked whether that is meant; what went wrong stands beside it.
import { useState, type ReactNode } from 'react'
import { Button } from './button.tsx'
import { ConfirmDialog } from './dialog.tsx'
import { Fault } from './fault.tsx'

interface RemoveButtonProps {
  readonly text: string
  /** what a screen reader says, where the text alone does not name what goes */
  readonly label?: string
  /** of the question */
  readonly title: string
  /** what follows from it */
  readonly children: ReactNode
  readonly busy: boolean
  readonly error: unknown
  readonly onRemove: () => void
}

export function RemoveButton({ text, label, title, children, busy, error, onRemove }: RemoveButtonProps) {
  const [isAsked, setAsked] = useState(false)
  return (
    <>
      <Button kind="danger" busy={busy} {...(label && { 'aria-label': label })} onClick={() => setAsked(true)}>
        {text}
      </Button>
      {error !== null && <Fault error={error} />}
      {isAsked && (
        <ConfirmDialog
          title={title}
          action={text}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            onRemove()
          }}
        >
          {children}
        </ConfirmDialog>
      )}
    </>
  )
}
