// The list of keys (`?`), and the switch for those of a single letter.
import { useText } from '../lib/i18n/use-text.ts'
import { changePrefs, usePrefs } from '../lib/prefs.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Switch } from '../ui/switch.tsx'
import type { NavItem } from './navigation.ts'

interface KeysDialogProps {
  readonly items: readonly NavItem[]
  readonly onClose: () => void
}

export function KeysDialog({ items, onClose }: KeysDialogProps) {
  const t = useText('common')
  const { shortcuts } = usePrefs()
  const rows: readonly (readonly [keys: readonly string[], text: string])[] = [
    [['Ctrl', 'K'], t('keys.palette')],
    [['/'], t('keys.search')],
    [['?'], t('keys.help')],
    ...items.flatMap(({ key, text }) =>
      key === undefined ? [] : [[['g', key], t('keys.go', { page: t(text) })] as const],
    ),
  ]
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        {rows.map(([keys, text]) => (
          <div key={text} className="contents">
            <dt className="flex gap-1">
              {keys.map((key) => (
                <kbd key={key} className="rounded-sm border border-edge px-2 text-small">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <Switch
        label={t('keys.single')}
        help={t('keys.singleHelp')}
        isOn={shortcuts}
        onChange={(isOn) => void changePrefs({ shortcuts: isOn })}
      />
    </Dialog>
  )
}
