// A button that opens a few acts. On Base UI, whose keyboard (arrows, first letters, Escape, focus back) is worth its bytes; so only pages
// that are fetched later may use it, never the layout.
import { Menu as Base } from '@base-ui/react/menu'
import { useRef } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { classes } from './classes.ts'
import { Icon, type IconName } from './icon.tsx'

export interface MenuAct {
  readonly label: string
  readonly icon?: IconName
  readonly isDangerous?: boolean
  readonly disabled?: boolean
  readonly onChoose: () => void
}

interface MenuProps {
  /** of what, e.g. "Acts on the key laptop" */
  readonly label: string
  readonly acts: readonly MenuAct[]
  /** in a line of text */
  readonly isSmall?: boolean
}

export function Menu({ label, acts, isSmall = false }: MenuProps) {
  const t = useText('common')
  /** what it opens in: above a dialog, and within a landmark */
  const home = useRef<HTMLElement | null>(null)
  return (
    <Base.Root>
      <Base.Trigger
        ref={(trigger: HTMLElement | null) => {
          home.current = trigger?.closest<HTMLElement>('dialog, main') ?? null
        }}
        aria-label={label}
        title={t('acts')}
        className={classes(
          'inline-flex items-center justify-center rounded-md text-muted hover:bg-raised',
          isSmall ? 'size-6' : 'size-8',
        )}
      >
        <Icon name="more" />
      </Base.Trigger>
      <Base.Portal container={home}>
        <Base.Positioner sideOffset={4} align="end" className="z-10">
          <Base.Popup className="min-w-40 rounded-md border border-line bg-surface p-1 shadow-raised">
            {acts.map(({ label: text, icon, isDangerous, disabled, onChoose }) => (
              <Base.Item
                key={text}
                disabled={disabled ?? false}
                onClick={onChoose}
                className={classes(
                  'flex min-h-8 cursor-pointer items-center gap-2 rounded-sm px-2 data-[disabled]:opacity-55 data-[highlighted]:bg-raised',
                  isDangerous && 'text-bad',
                )}
              >
                {icon && <Icon name={icon} />}
                {text}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
