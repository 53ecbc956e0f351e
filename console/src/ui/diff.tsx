// Before and after, line by line, with signs and words besides the colours; characters that cannot be seen stand there as their code points.
// Long stretches that stayed the same are folded.
import { Fragment, useMemo, useState } from 'react'
import { diffLines, type DiffLine } from '../lib/diff.ts'
import { useText } from '../lib/i18n/use-text.ts'
import { splitInvisible } from '../lib/invisible.ts'
import { Button } from './button.tsx'
import { classes } from './classes.ts'

/** so many lines that stayed are shown around each change */
const AROUND = 3

const LOOKS: Readonly<Record<DiffLine['kind'], readonly [sign: string, look: string]>> = {
  same: [' ', ''],
  gone: ['−', 'bg-bad-soft text-bad'],
  come: ['+', 'bg-good-soft text-good'],
}

interface DiffProps {
  /** of what, for a screen reader */
  readonly label: string
  /** lines */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

export function Diff({ label, before, after }: DiffProps) {
  const t = useText('common')
  const [isWhole, setWhole] = useState(false)
  const lines = useMemo(() => diffLines(before, after), [before, after])
  const parts = useMemo(() => (isWhole ? [lines] : foldSame(lines)), [lines, isWhole])
  const count = (kind: DiffLine['kind']): number => lines.filter((one) => one.kind === kind).length
  const isFolded = !isWhole && parts.reduce((sum, part) => sum + part.length, 0) < lines.length
  if (lines.every(({ kind }) => kind === 'same')) return <p className="text-muted">{t('diff.none')}</p>
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-2 text-small text-muted">
        <span>
          {t('diff.removed', { count: count('gone') })} · {t('diff.added', { count: count('come') })}
        </span>
        {isFolded && (
          <Button kind="quiet" onClick={() => setWhole(true)}>
            {t('diff.whole')}
          </Button>
        )}
      </div>
      <div
        role="region"
        aria-label={label}
        tabIndex={0}
        dir="ltr"
        className="max-h-128 overflow-auto rounded-md border border-line bg-surface py-1 font-mono text-small"
      >
        {parts.map((part, at) => (
          <Fragment key={`${part[0]!.kind}${part[0]!.number}`}>
            {at > 0 && <p className="border-y border-line px-3 text-muted">⋯</p>}
            {part.map((line) => (
              <Line key={`${line.kind}${line.number}`} line={line} />
            ))}
          </Fragment>
        ))}
      </div>
    </div>
  )
}

function Line({ line: { kind, text, number } }: { readonly line: DiffLine }) {
  const t = useText('common')
  const [sign, look] = LOOKS[kind]
  return (
    <div className={classes('flex', look)}>
      <span aria-hidden="true" className="w-10 shrink-0 pr-2 text-right text-muted select-none">
        {number}
      </span>
      <span aria-hidden="true" className="w-4 shrink-0 select-none">
        {sign}
      </span>
      {kind !== 'same' && <span className="sr-only">{kind === 'gone' ? t('diff.gone') : t('diff.come')}</span>}
      <VisibleText text={text} />
    </div>
  )
}

/** A text from elsewhere, with what cannot be seen in it shown. */
export function VisibleText({ text }: { readonly text: string }) {
  return (
    <span className="min-w-0 whitespace-pre-wrap">
      {splitInvisible(text).map(({ text: part, code }, at) =>
        code === null ? (
          part
        ) : (
          <mark key={at} className="mx-0.5 rounded-sm bg-warn-soft px-1 text-warn">
            {code}
          </mark>
        ),
      )}
    </span>
  )
}

/** The changes with what stands around them; between two of the parts something is left out. */
function foldSame(lines: readonly DiffLine[]): readonly (readonly DiffLine[])[] {
  const isNear = lines.map(() => false)
  lines.forEach(({ kind }, at) => {
    if (kind !== 'same') isNear.fill(true, Math.max(0, at - AROUND), at + AROUND + 1)
  })
  const parts: DiffLine[][] = []
  lines.forEach((line, at) => {
    if (!isNear[at]) return
    if (at === 0 || !isNear[at - 1]) parts.push([])
    parts.at(-1)!.push(line)
  })
  return parts
}
