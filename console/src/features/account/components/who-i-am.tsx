// My name and what I may do, in words.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Facts } from '../../../ui/facts.tsx'
import { Section } from '../../../ui/page.tsx'
import { Time } from '../../../ui/time.tsx'

export function WhoIAm() {
  const t = useText('account')
  const tell = useText('common')
  const { username, role, loginUntil } = useMe()
  return (
    <Section title={t('who.title')}>
      <Facts
        facts={[
          { label: t('who.name'), value: <bdi>{username}</bdi> },
          { label: t('who.role'), value: <Explained text={tell(`role.${role}`)} help={tell(`mayDo.${role}`)} /> },
          loginUntil === null
            ? null
            : {
                label: t('who.loginUntil'),
                value: (
                  <>
                    <Time at={loginUntil} />
                    <p className="text-small text-muted">{t('who.loginUntilHelp')}</p>
                  </>
                ),
              },
        ]}
      />
    </Section>
  )
}

function Explained({ text, help }: { readonly text: string; readonly help: string }) {
  return (
    <>
      {text}
      <p className="text-small text-muted">{help}</p>
    </>
  )
}
