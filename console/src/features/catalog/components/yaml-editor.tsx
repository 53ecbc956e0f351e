// A manifest as text. The editor keeps what is typed: another text from elsewhere is another editor (give it another `key`).
import { useEffect, useImperativeHandle, useRef, useState, type Ref, type RefObject } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Fault } from '../../../ui/fault.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import type { Editor, LineFault } from './editor/code-mirror.ts'
import type { Kind } from './kind.ts'

export interface EditorHandle {
  goTo(line: number): void
}

interface YamlEditorProps {
  readonly kind: Kind
  /** what it begins with */
  readonly text: string
  readonly onChange: (text: string) => void
  readonly faults: readonly LineFault[]
  readonly isReadOnly?: boolean
  /** another text whose differences are shown in between, each with a choice */
  readonly compare?: string | null
  /** where one begins, for who comes from a fault elsewhere */
  readonly line?: number | null
  readonly ref?: Ref<EditorHandle>
}

export function YamlEditor(props: YamlEditorProps) {
  const { faults, compare = null, line = null, ref } = props
  const host = useRef<HTMLDivElement>(null)
  const { editor, error } = useEditor(props, host)
  useEffect(() => editor?.setFaults(faults), [editor, faults])
  useEffect(() => editor?.setCompare(compare), [editor, compare])
  useEffect(() => {
    if (line !== null) editor?.goTo(line)
  }, [editor, line])
  useImperativeHandle(ref, () => ({ goTo: (wanted) => editor?.goTo(wanted) }), [editor])
  return (
    <>
      {error !== null && <Fault error={error} />}
      {editor === null && error === null && <Skeleton />}
      <div ref={host} dir="ltr" />
    </>
  )
}

/** Made when its files are there, once for as long as it is shown. */
function useEditor(
  { kind, text, onChange, isReadOnly = false }: YamlEditorProps,
  host: RefObject<HTMLDivElement | null>,
) {
  const t = useText('catalog')
  const [editor, setEditor] = useState<Editor | null>(null)
  const [error, setError] = useState<unknown>(null)
  const latest = useRef({ text, onChange })
  useEffect(() => {
    latest.current = { text, onChange }
  }, [text, onChange])
  useEffect(() => {
    let made: Editor | null = null
    let isLeft = false
    const make = async (parent: HTMLElement): Promise<void> => {
      const { createEditor } = await import('./editor/code-mirror.ts')
      if (isLeft) return
      made = createEditor({
        parent,
        kind,
        text: latest.current.text,
        isReadOnly,
        words: {
          label: t('editor.label'),
          completions: t('editor.completions'),
          keepMine: t('editor.keepMine'),
          takeTheirs: t('editor.takeTheirs'),
        },
        onChange: (next) => latest.current.onChange(next),
      })
      setEditor(made)
    }
    if (host.current !== null) make(host.current).catch(setError)
    return () => {
      isLeft = true
      made?.destroy()
      setEditor(null)
    }
  }, [kind, isReadOnly, t, host])
  return { editor, error }
}
