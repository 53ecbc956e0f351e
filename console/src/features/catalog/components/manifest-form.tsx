// A manifest as a form: the usual fields in parts, and in words what else stands in the text. It changes the text, one field at a time.
import { useMemo, type ReactNode } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import type { ManifestFault } from '../api/use-check.ts'
import { addToken } from './form/add-token.ts'
import { FieldControl } from './form/field-control.tsx'
import { chooseOtherwise } from './form/choose-servers.ts'
import { isByLabel, sectionsOf, type FormSection } from './form/fields.ts'
import type { Kind } from './kind.ts'
import { listLeftOut, readForForm } from './form/left-out.ts'
import { editManifest, renameMember, type Data, type Path } from './form/manifest.ts'

interface ManifestFormProps {
  readonly kind: Kind
  readonly text: string
  readonly isNew: boolean
  readonly faults: readonly ManifestFault[]
  readonly onChange: (text: string) => void
  /** what is at this place has been dealt with */
  readonly onTouch: (path: Path) => void
  readonly onShowText: () => void
}

export function ManifestForm({ kind, text, isNew, faults, onChange, onTouch, onShowText }: ManifestFormProps) {
  const t = useText('catalog')
  const { data, unreadable } = useMemo(
    () => readForForm(text, (found) => sectionsOf(kind, found, isNew)),
    [kind, text, isNew],
  )
  const toText = <Button onClick={onShowText}>{t('form.toText')}</Button>
  if (data === null) {
    return (
      <Notice title={t('form.cannot')} action={toText}>
        {t(`unreadable.${unreadable}`)}
      </Notice>
    )
  }
  const sections = sectionsOf(kind, data, isNew)
  const leftOut = listLeftOut(data, sections)
  return (
    <div className="flex flex-col gap-8">
      {sections.map((section) => (
        <FormPart key={section.text} section={section} actions={actionsOf(section, data)}>
          {section.fields.map((field) => (
            <FieldControl
              key={field.path.join('.')}
              field={field}
              data={data}
              faults={faults}
              edit={(path, value) => {
                onTouch(path)
                onChange(editManifest(text, path, value))
              }}
              rename={(path, name) => onChange(renameMember(text, path, name))}
            />
          ))}
        </FormPart>
      ))}
      {leftOut.length > 0 && (
        <Notice tone="calm" title={t('form.leftOut', { count: leftOut.length })} action={toText}>
          <code>{leftOut.join(', ')}</code>
        </Notice>
      )}
    </div>
  )

  function actionsOf({ text: part }: FormSection, found: Data): ReactNode {
    if (part === 'servers') {
      return (
        <Button onClick={() => onChange(chooseOtherwise(text, found))}>
          {isByLabel(found) ? t('form.byName') : t('form.byLabel')}
        </Button>
      )
    }
    if (part !== 'given') return null
    return (
      <Button icon="key" onClick={() => onChange(addToken(text, found))}>
        {t('form.askToken')}
      </Button>
    )
  }
}

interface FormPartProps {
  readonly section: FormSection
  readonly actions: ReactNode
  readonly children: ReactNode
}

/** Short fields side by side, lists and long texts over the whole width. */
function FormPart({ section, actions, children }: FormPartProps) {
  const t = useText('catalog')
  return (
    <Section title={t(`section.${section.text}`)} actions={actions}>
      <div className="grid items-start gap-x-6 gap-y-4 rounded-md border border-line bg-surface p-4 md:grid-cols-2 [&>:has(textarea)]:md:col-span-2 [&>fieldset]:md:col-span-2">
        {children}
      </div>
    </Section>
  )
}
