// "Why can't I see …?": a name, one sentence, the way to what helps; every step of the answer for who wants to know.
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Icon } from '../../../ui/icon.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Told } from '../../../ui/told.tsx'
import { pathOfFix, type Answer } from './path-of-fix.ts'

export function WhyNot() {
  const t = useText('servers')
  const [typed, setTyped] = useState('')
  const [asked, setAsked] = useState('')
  const query = useQuery({ ...queryOf('explainTool', { query: { tool: asked } }), enabled: asked !== '' })
  const send = (event: FormEvent): void => {
    event.preventDefault()
    setAsked(typed.trim())
  }
  return (
    <Section title={t('why.title')} lead={t('why.lead')}>
      <form noValidate onSubmit={send} className="flex max-w-prose flex-col gap-2">
        <TextField
          label={t('why.name')}
          value={typed}
          onChange={setTyped}
          maxLength={128}
          autoComplete="off"
          spellCheck={false}
        />
        <div>
          <Button type="submit" disabled={typed.trim() === ''} busy={query.isFetching}>
            {t('why.ask')}
          </Button>
        </div>
      </form>
      {asked !== '' && <Loaded query={query}>{(answer) => <Outcome answer={answer} />}</Loaded>}
    </Section>
  )
}

function Outcome({ answer }: { readonly answer: Answer }) {
  const t = useText('servers')
  const tellCause = useText('causes')
  const { cause, params, fix, steps, tool } = answer
  const path = pathOfFix(answer)
  return (
    <div role="status" className="flex max-w-prose flex-col gap-2 rounded-md border border-line bg-surface p-3">
      <p className="flex items-start gap-2 font-medium">
        <Icon name={cause === null ? 'check' : 'alert'} size={20} />
        <span>{cause === null ? t('why.nothing', { name: tool }) : tellCause(cause, params)}</span>
      </p>
      {fix !== null &&
        (path === null ? <p>{t(`fix.${fix.kind}`)}</p> : <TextLink to={path}>{t(`fix.${fix.kind}`)}</TextLink>)}
      <details>
        <summary className="w-fit cursor-pointer p-1 text-small">{t('why.steps')}</summary>
        <ol className="mt-2 flex list-disc flex-col gap-1 pl-6 text-small">
          {steps.filter(applies).map(({ step, reason, said, ok, cause: itsCause }) => (
            <li key={step}>
              <span className="font-medium">
                {t(`section.${step}`)}: {ok ? t('why.ok') : t('why.stops')}
              </span>{' '}
              {said.length === 0 && itsCause === cause && cause !== null ? (
                tellCause(cause, params)
              ) : (
                <Told text={reason} said={said} />
              )}
            </li>
          ))}
        </ol>
      </details>
    </div>
  )
}

/** Said where nothing of the kind was asked about: no key, no client, no tool. */
const EMPTY_WORDS = new Set(['step.keyAll', 'step.noClient', 'step.noTool'])

const applies = ({ ok, said }: Answer['steps'][number]): boolean => !ok || !EMPTY_WORDS.has(said[0]?.code ?? '')
