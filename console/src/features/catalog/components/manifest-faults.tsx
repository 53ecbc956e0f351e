// Manifests that cannot be used as they stand: which file, which line, why. What they said last serves on.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Told } from '../../../ui/told.tsx'
import { Notice } from '../../../ui/notice.tsx'

type Faults = RouteResponse<'listAdminServers'>['faults']

export function ManifestFaults({ faults }: { readonly faults: Faults }) {
  const t = useText('catalog')
  if (faults.length === 0) return null
  return (
    <Notice title={t('broken.title', { count: faults.length })}>
      <p>{t('broken.why')}</p>
      <details className="mt-1">
        <summary>{t('broken.show')}</summary>
        <ul className="mt-1 flex flex-col gap-1">
          {faults.map(({ file, line, message, said }, index) => (
            <li key={index}>
              <code>{line === null ? file : `${file}:${line}`}</code> <Told text={message} said={said} />
            </li>
          ))}
        </ul>
      </details>
    </Notice>
  )
}
