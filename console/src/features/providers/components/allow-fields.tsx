// Who may come in through a provider. Nobody, until somebody is named.
import { useText } from '../../../lib/i18n/use-text.ts'
import { CheckField, ChoiceField } from '../../../ui/choice.tsx'
import { DraftField, type DraftProps } from './draft-field.tsx'

export function AllowFields(fields: DraftProps) {
  const t = useText('providers')
  const { draft, onChange } = fields
  return (
    <fieldset className="flex flex-col gap-4">
      <legend className="mb-1 text-large font-semibold">{t('allow')}</legend>
      {draft.kind === 'github' ? (
        <DraftField {...fields} name="organisations" label={t('organisations')} help={t('organisationsHelp')} />
      ) : (
        <>
          <DraftField {...fields} name="domains" label={t('domains')} help={t('domainsHelp')} />
          <DraftField {...fields} name="groups" label={t('groups')} help={t('groupsHelp')} />
          <DraftField {...fields} name="tenants" label={t('tenants')} help={t('tenantsHelp')} />
        </>
      )}
      <CheckField
        label={t('everyone')}
        help={t('everyoneHelp')}
        isOn={draft.everyone}
        onChange={(everyone) => onChange({ everyone })}
      />
      <ChoiceField
        label={t('newPeople')}
        value={draft.newPeople}
        onChange={(newPeople) => onChange({ newPeople })}
        choices={[
          { value: 'Create', label: t('create'), help: t('createHelp') },
          { value: 'InvitedOnly', label: t('invitedOnly'), help: t('invitedOnlyHelp') },
        ]}
      />
    </fieldset>
  )
}
