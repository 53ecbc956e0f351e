// What a provider is: its address, and the client it knows the hub by.
import { useText } from '../../../lib/i18n/use-text.ts'
import { DraftField, type DraftProps } from './draft-field.tsx'

interface ProviderFieldsProps extends DraftProps {
  /** one is kept */
  readonly hasSecret: boolean
}

/** What such an address looks like. */
const LIKE = {
  issuer: 'https://sso.example.com/realms/acme',
  webUrl: 'https://github.com',
  apiUrl: 'https://api.github.com',
}

export function ProviderFields({ hasSecret, ...fields }: ProviderFieldsProps) {
  const t = useText('providers')
  const { draft } = fields
  const isGithub = draft.kind === 'github'
  return (
    <>
      {!isGithub && (
        <DraftField
          {...fields}
          name="issuer"
          label={t('issuer')}
          help={t('issuerHelp')}
          placeholder={LIKE.issuer}
          required
        />
      )}
      <DraftField {...fields} name="clientId" label={t('clientId')} help={t('clientIdHelp')} required />
      <DraftField
        {...fields}
        name="clientSecret"
        label={t('clientSecret')}
        help={hasSecret ? t('secretKept') : t('clientSecretHelp')}
        isSecret
      />
      <DraftField {...fields} name="label" label={t('label')} help={t('labelHelp')} />
      <details>
        <summary className="text-accent">{t('more')}</summary>
        <div className="flex flex-col gap-4 pt-3">
          {isGithub ? (
            <>
              <DraftField
                {...fields}
                name="webUrl"
                label={t('webUrl')}
                help={t('webUrlHelp')}
                placeholder={LIKE.webUrl}
              />
              <DraftField {...fields} name="apiUrl" label={t('apiUrl')} placeholder={LIKE.apiUrl} />
            </>
          ) : (
            <>
              <DraftField {...fields} name="claims" label={t('claims')} help={t('claimsHelp')} />
              <DraftField {...fields} name="scopes" label={t('scopes')} help={t('scopesHelp')} />
            </>
          )}
        </div>
      </details>
    </>
  )
}
