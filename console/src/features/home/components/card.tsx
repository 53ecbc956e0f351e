// One thing to know: how it stands in a word, what that means, and the way to what helps.
import { useId, type ComponentProps, type ReactNode } from 'react'
import type { Tone } from '../../../ui/badge.tsx'
import { Badge } from '../../../ui/badge.tsx'
import { LinkButton } from '../../../ui/button.tsx'
import { Icon, type IconName } from '../../../ui/icon.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'

interface CardProps {
  readonly icon: IconName
  readonly title: string
  readonly tone: Tone
  readonly state: string
  readonly children: ReactNode
  readonly to: string
  readonly action: string
  /** it is what one should do now */
  readonly isUrgent?: boolean
}

export function Card({ icon, title, tone, state, children, to, action, isUrgent = false }: CardProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="flex min-h-44 flex-col gap-3 rounded-md border border-line bg-surface p-4">
      <header className="flex flex-wrap items-center justify-between gap-2">
        <h2 id={id} className="flex items-center gap-2 text-large font-semibold">
          <Icon name={icon} size={20} />
          {title}
        </h2>
        <Badge tone={tone}>{state}</Badge>
      </header>
      <div className="flex flex-1 flex-col gap-2">{children}</div>
      <div>
        <LinkButton to={to} kind={isUrgent ? 'primary' : 'plain'}>
          {action}
        </LinkButton>
      </div>
    </section>
  )
}

type CardQueryProps<Data> = Pick<ComponentProps<typeof Loaded<Data>>, 'query' | 'children'>

/** Waits in a card's place, so that nothing leaps when it comes. */
export function CardQuery<Data>(props: CardQueryProps<Data>) {
  return (
    <Loaded
      {...props}
      skeleton={
        <div className="min-h-44">
          <Skeleton lines={2} />
        </div>
      }
    />
  )
}
