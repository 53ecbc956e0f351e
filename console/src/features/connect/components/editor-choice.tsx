// Which editor: all of them in sight, one key or click each.
import { useText } from '../../../lib/i18n/use-text.ts'
import { EDITORS, type Choice } from './editors.ts'

interface EditorChoiceProps {
  readonly value: Choice
  readonly onChange: (editor: Choice) => void
}

export function EditorChoice({ value, onChange }: EditorChoiceProps) {
  const t = useText('connect')
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 text-large font-semibold">{t('editor')}</legend>
      <div className="flex flex-wrap gap-2">
        {EDITORS.map(({ editor, title }) => (
          <label
            key={editor}
            className="flex min-h-9 cursor-pointer items-center gap-2 rounded-md border border-edge bg-surface px-3 py-1 hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent"
          >
            <input
              type="radio"
              name="editor"
              className="size-4 accent-accent"
              checked={editor === value}
              onChange={() => onChange(editor)}
            />
            {title ?? t('other')}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
