// How the console looks and listens: language and theme go with the person to every browser, single-letter keys stay in this one.
import { useChoosePrefs } from '../../../lib/choose-prefs.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { changePrefs, usePrefs, type Theme } from '../../../lib/prefs.ts'
import { Section } from '../../../ui/page.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { Switch } from '../../../ui/switch.tsx'

/** Each in its own, for who reads no other. */
const LANGUAGES = [
  { value: 'en', label: 'English' },
  { value: 'ko', label: '한국어' },
] as const
const THEMES: readonly Theme[] = ['system', 'light', 'dark']

export function LookSettings() {
  const t = useText('account')
  const { language, theme, shortcuts } = usePrefs()
  const choose = useChoosePrefs()
  return (
    <Section title={t('look.title')} lead={t('look.lead')}>
      <div className="flex max-w-prose flex-col gap-4">
        <div className="grid gap-4 md:grid-cols-2">
          <SelectField
            label={t('look.language')}
            value={language}
            options={LANGUAGES}
            onChange={(value) => choose({ language: value })}
          />
          <SelectField
            label={t('look.theme')}
            value={theme}
            options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
            onChange={(value) => choose({ theme: value })}
          />
        </div>
        <Switch
          label={t('look.shortcuts')}
          help={t('look.shortcutsHelp')}
          isOn={shortcuts}
          onChange={(isOn) => void changePrefs({ shortcuts: isOn })}
        />
      </div>
    </Section>
  )
}
