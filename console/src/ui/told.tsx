// A sentence of the hub in the reader's language where its code is known; else in English as it came, and marked so.
import type { Said } from '@mcphub/api'
import { Fragment, Suspense, use, type ReactNode } from 'react'
import { loadWords } from '../lib/i18n/load.ts'
import type { Dictionary } from '../lib/i18n/text.ts'
import { useLanguage, useText } from '../lib/i18n/use-text.ts'
import type { Language } from '../lib/i18n/words.ts'
import { makeReadable } from '../lib/readable.ts'
import { readParts, type SentencePart } from '../lib/sentence-parts.ts'

interface ToldProps {
  readonly text: string
  readonly said?: Said | undefined
  /** nothing beside it says whose words these are: what stays in English is introduced as such */
  readonly isAlone?: boolean
}

export function Told({ text, said = [], isAlone = false }: ToldProps) {
  const t = useText('common')
  const language = useLanguage()
  const english = <bdi lang="en">{text}</bdi>
  if (language === 'en') return english
  const introduced = isAlone ? (
    <>
      {t('inEnglish')} {english}
    </>
  ) : (
    english
  )
  if (said.length === 0) return introduced
  return (
    <Suspense fallback={english}>
      <Sentence said={said} language={language} otherwise={introduced} />
    </Suspense>
  )
}

interface SentenceProps {
  readonly said: Said
  readonly language: Language
  readonly otherwise: ReactNode
}

/** A code of a newer hub has no words yet. */
function Sentence({ said, language, otherwise }: SentenceProps) {
  const words = use(loadSaid(language))
  const [first, ...rest] = said
  const template = first === undefined ? undefined : words[first.code]
  if (first === undefined || template === undefined) return otherwise
  const { params } = first
  const others = <bdi lang="en">{params['why']}</bdi>
  const why = rest.length === 0 ? others : <Sentence said={rest} language={language} otherwise={others} />
  const follows = rest.length > 0 && params['why'] === undefined
  const show: Readonly<Record<SentencePart['kind'], (text: string) => ReactNode>> = {
    words: (text) => text,
    value: (text) => <bdi>{text}</bdi>,
    code: (text) => <code className="break-words">{text}</code>,
    why: () => why,
  }
  return (
    <>
      {readParts(template, params).map(({ kind, text }, at) => (
        <Fragment key={at}>{show[kind](text)}</Fragment>
      ))}
      {follows && <> {why}</>}
    </>
  )
}

const kept = new Map<Language, Promise<Dictionary>>()

/** Never fails: a fault is told in English rather than not at all. */
function loadSaid(language: Language): Promise<Dictionary> {
  const known = kept.get(language)
  if (known !== undefined) return known
  const loading = makeReadable(loadWords(language, 'said').catch(() => ({})))
  kept.set(language, loading)
  return loading
}
