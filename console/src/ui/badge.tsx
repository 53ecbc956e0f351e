// A state in one word, with a sign of its own: never by colour alone.
import type { ReactNode } from 'react'
import { classes } from './classes.ts'
import { Icon, type IconName } from './icon.tsx'

export type Tone = 'good' | 'warn' | 'bad' | 'calm'

const TONES: Readonly<Record<Tone, readonly [look: string, icon: IconName]>> = {
  good: ['bg-good-soft text-good', 'check'],
  warn: ['bg-warn-soft text-warn', 'alert'],
  bad: ['bg-bad-soft text-bad', 'cross'],
  calm: ['bg-raised text-muted', 'moon'],
}

interface BadgeProps {
  readonly tone: Tone
  /** another sign than the tone's own */
  readonly icon?: IconName
  readonly children: ReactNode
}

export function Badge({ tone, icon, children }: BadgeProps) {
  const [look, own] = TONES[tone]
  return (
    <span
      className={classes(
        'inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-small font-medium whitespace-nowrap',
        look,
      )}
    >
      <Icon name={icon ?? own} size={14} />
      {children}
    </span>
  )
}
