// Something to know before one goes on: a sentence with a sign, in the tone of what it means. What has gone wrong is ui/fault.tsx.
import type { ReactNode } from 'react'
import type { Tone } from './badge.tsx'
import { classes } from './classes.ts'
import { Icon, type IconName } from './icon.tsx'

const TONES: Readonly<Record<Tone, readonly [look: string, icon: IconName]>> = {
  good: ['bg-good-soft text-good', 'check'],
  warn: ['bg-warn-soft text-warn', 'alert'],
  bad: ['bg-bad-soft text-bad', 'alert'],
  calm: ['bg-raised text-text', 'info'],
}

interface NoticeProps {
  readonly tone?: Tone
  readonly title?: string
  readonly children: ReactNode
  /** the one thing to do about it */
  readonly action?: ReactNode
}

export function Notice({ tone = 'warn', title, children, action }: NoticeProps) {
  const [look, icon] = TONES[tone]
  return (
    <div className={classes('flex flex-wrap items-start gap-x-4 gap-y-2 rounded-md px-3 py-2', look)}>
      <div className="flex min-w-0 flex-1 basis-60 items-start gap-2">
        <span className="mt-0.5">
          <Icon name={icon} />
        </span>
        <div className="flex min-w-0 flex-col">
          {title && <p className="font-semibold">{title}</p>}
          <div>{children}</div>
        </div>
      </div>
      {action}
    </div>
  )
}
