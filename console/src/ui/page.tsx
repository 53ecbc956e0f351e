// A page's frame: its heading (which takes the focus when one has come here, so that a screen reader starts there, unless a field took it that one
// came for), its title, its actions.
import { useEffect, useRef, type ReactNode } from 'react'

interface PageProps {
  /** heading and title of the window: never a secret, and no name of a variable's value */
  readonly title: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, lead, actions, children }: PageProps) {
  const frame = useRef<HTMLDivElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // what is within has had its effects already
    if (!frame.current?.contains(document.activeElement)) heading.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    document.title = `${title} · MCPHub`
  }, [title])
  return (
    <div ref={frame} className="mx-auto flex w-full max-w-6xl flex-col gap-5">
      <header className="flex flex-wrap items-start justify-between gap-3">
        <div className="flex min-w-0 flex-col gap-1">
          <h1 ref={heading} tabIndex={-1} className="text-title font-semibold">
            {title}
          </h1>
          {lead && <p className="max-w-prose text-pretty text-muted">{lead}</p>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

interface SectionProps {
  readonly title: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A part of a page under a heading of its own. */
export function Section({ title, lead, actions, children }: SectionProps) {
  return (
    <section aria-label={title} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="text-large font-semibold">{title}</h2>
        {actions}
      </div>
      {lead && <p className="max-w-prose text-pretty text-muted">{lead}</p>}
      {children}
    </section>
  )
}
