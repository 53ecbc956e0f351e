// Text from a machine, shown as it is: lines kept, reachable by keyboard where it scrolls, never taken for markup.
interface CodeProps {
  readonly label: string
  readonly text: string
  /** long lines are broken, not scrolled */
  readonly wrap?: boolean
}

export function Code({ label, text, wrap = false }: CodeProps) {
  return (
    <pre
      role="region"
      aria-label={label}
      tabIndex={0}
      dir="ltr"
      className={`max-h-96 overflow-auto rounded-md border border-line bg-raised p-3 text-small ${wrap ? 'whitespace-pre-wrap' : ''}`}
    >
      {text}
    </pre>
  )
}
