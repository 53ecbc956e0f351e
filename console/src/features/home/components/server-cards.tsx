// The servers that want a value of me, and those that do not work; a few by name, the rest a click away.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { TextLink } from '../../../ui/text-link.tsx'
import { Card, CardQuery } from './card.tsx'
import { isBroken, type Server, valuesOf, wantsValue } from './sort-servers.ts'

const SHOWN = 4

export function ValuesCard() {
  const t = useText('home')
  const query = useQuery(queryOf('listServers'))
  return (
    <CardQuery query={query}>
      {({ items }) => {
        const servers = items.filter(wantsValue)
        const isWanted = servers.length > 0
        return (
          <Card
            icon="variable"
            title={t('values.title')}
            tone={isWanted ? 'warn' : 'good'}
            state={isWanted ? t('values.some', { count: servers.length }) : t('values.none')}
            to={wayTo(servers)}
            action={isWanted ? t('values.give') : t('servers')}
            isUrgent={isWanted}
          >
            {isWanted ? (
              <ServerLinks servers={servers} partOf={toField} tell={(server) => valuesOf(server).join(', ')} />
            ) : (
              <p>{t('values.noneWhy')}</p>
            )}
          </Card>
        )
      }}
    </CardQuery>
  )
}

/** The field of the first value that is missing. */
const toField = (server: Server): string => `?${new URLSearchParams({ tab: 'values', value: valuesOf(server)[0]! })}`

/** One server: its field at once. */
function wayTo(servers: readonly Server[]): string {
  const [first, ...others] = servers
  if (first === undefined) return '/servers'
  if (others.length > 0) return '/servers?state=MissingVariable'
  return `/servers/${encodeURIComponent(first.name)}${toField(first)}`
}

export function BrokenCard() {
  const t = useText('home')
  const query = useQuery(queryOf('listServers'))
  return (
    <CardQuery query={query}>
      {({ items }) => {
        const servers = items.filter(isBroken)
        const areThere = servers.length > 0
        return (
          <Card
            icon="server"
            title={t('broken.title')}
            tone={areThere ? 'bad' : 'good'}
            state={areThere ? t('broken.some', { count: servers.length }) : t('broken.none')}
            to={areThere ? '/servers?state=Failed' : '/servers'}
            action={areThere ? t('broken.see') : t('servers')}
            isUrgent={areThere}
          >
            {areThere ? <ServerLinks servers={servers} /> : <p>{t('broken.noneWhy', { count: items.length })}</p>}
          </Card>
        )
      }}
    </CardQuery>
  )
}

interface ServerLinksProps {
  readonly servers: readonly Server[]
  /** of the part of its page to be opened */
  readonly partOf?: (server: Server) => string
  readonly tell?: (server: Server) => string
}

function ServerLinks({ servers, partOf = () => '', tell }: ServerLinksProps) {
  const t = useText('home')
  return (
    <ul className="flex flex-col gap-1">
      {servers.slice(0, SHOWN).map((server) => (
        <li key={server.name} className="flex flex-wrap items-baseline gap-x-2">
          <TextLink to={`/servers/${encodeURIComponent(server.name)}${partOf(server)}`}>
            <bdi>{server.displayName ?? server.name}</bdi>
          </TextLink>
          {tell && <span className="text-small text-muted">{tell(server)}</span>}
        </li>
      ))}
      {servers.length > SHOWN && <li className="text-muted">{t('more', { count: servers.length - SHOWN })}</li>}
    </ul>
  )
}
