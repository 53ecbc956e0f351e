// Where what helps is done. Null: no page does it.
import type { RouteResponse } from '@mcphub/api'

export type Answer = RouteResponse<'explainTool'>
type Fix = NonNullable<Answer['fix']>

const serverPath = (name: string | null): string =>
  name === null ? '/servers' : `/servers/${encodeURIComponent(name)}`

const PATHS: Readonly<Record<Fix['kind'], (target: string | null, server: string | null) => string | null>> = {
  setVariable: (variable, server) =>
    `${serverPath(server)}?${new URLSearchParams({ tab: 'values', ...(variable && { value: variable }) })}`,
  turnGroupOn: () => '/groups',
  widenKey: () => '/keys',
  askAdmin: () => null,
  waitOrRestart: (server) => serverPath(server),
  update: () => null,
  rename: () => null,
  logIn: () => '/login',
  chooseAnother: (server) => serverPath(server),
}

export const pathOfFix = ({ fix, server }: Answer): string | null =>
  fix === null ? null : PATHS[fix.kind](fix.target, server)
