// REST: a user's variables, the organisation's, and the templates that say which ones are wanted. Values go in, masks come out.
import type { EnvTemplateResponse, OrgVariableListResponse, VariableResponse } from '@mcphub/api'
import { NOTHING_HELD } from '../../access/held-tools.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Handlers } from '../../platform/route.ts'
import { listEntitled } from '../entitled.ts'
import type { EnvTemplate, VariableInfo, VariablesService } from './variables-service.ts'

export interface VariablesRouterDeps {
  readonly variables: VariablesService
  readonly catalog: Pick<Catalog, 'snapshot'>
}

type Ids =
  | 'listEnvTemplates'
  | 'listUserVariables'
  | 'setUserVariables'
  | 'deleteUserVariable'
  | 'listOrgVariables'
  | 'setOrgVariables'
  | 'deleteOrgVariable'

export function createVariablesRouter({ variables, catalog }: VariablesRouterDeps): Handlers<Ids> {
  const serversOf = (principal: Principal) => listEntitled(catalog, principal, NOTHING_HELD).map(({ server }) => server)
  /** Which servers use a variable is told only of servers the user may use. */
  const listOwn = async (principal: Principal) => {
    const own = new Set(serversOf(principal).map(({ name }) => name))
    const all = await variables.list(principal.userId)
    // a key for some servers reads what concerns them
    const infos =
      principal.scope.servers === null ? all : all.filter(({ usedBy }) => usedBy.some((name) => own.has(name)))
    return { items: infos.map((info) => presentVariable(info, (server) => own.has(server))) }
  }
  const orgNames = async () => (await variables.listOrg()).map(({ name }) => name)
  const listOrg = async (): Promise<OrgVariableListResponse> => {
    const infos = await variables.listOrg()
    const missing = findMissing(catalog, new Set(infos.map(({ name }) => name)))
    return { items: infos.map((info) => presentVariable(info, () => true)), missing }
  }
  return {
    async listEnvTemplates({ principal }) {
      return { items: (await variables.envTemplates(principal.userId, serversOf(principal))).map(presentTemplate) }
    },
    listUserVariables: ({ principal }) => listOwn(principal),
    async setUserVariables({ principal, body, about }) {
      about(Object.keys(body.variables).join(' '))
      await variables.set(principal.userId, body.variables, serversOf(principal))
      return listOwn(principal)
    },
    async deleteUserVariable({ principal, params }) {
      await variables.unset(principal.userId, params.name)
      return undefined
    },
    listOrgVariables: listOrg,
    async setOrgVariables({ body, about, changed }) {
      const names = Object.keys(body.variables)
      about(names.join(' '))
      const before = new Set(await orgNames())
      await variables.setOrg(body.variables)
      // which were set and which are: of a value not even the mask
      changed({ variables: names.filter((name) => before.has(name)) }, { variables: names })
      return listOrg()
    },
    async deleteOrgVariable({ params, changed }) {
      await variables.unsetOrg(params.name)
      changed({ variables: [params.name] }, { variables: [] })
      return undefined
    },
  }
}

/** What manifests name and nobody has set, by name. */
function findMissing(catalog: Pick<Catalog, 'snapshot'>, set: ReadonlySet<string>): OrgVariableListResponse['missing'] {
  const wanted = new Map<string, string[]>()
  for (const server of catalog.snapshot().servers.values()) {
    for (const name of server.orgVariables.filter((one) => !set.has(one)))
      wanted.set(name, [...(wanted.get(name) ?? []), server.name])
  }
  return [...wanted].map(([name, servers]) => ({ name, servers })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function presentVariable(info: VariableInfo, isShown: (server: string) => boolean): VariableResponse {
  return {
    name: info.name,
    masked: info.masked,
    updatedAt: info.updatedAt.toISOString(),
    servers: info.usedBy.filter(isShown),
  }
}

function presentTemplate({ server, displayName, description, fields }: EnvTemplate): EnvTemplateResponse {
  return { server, displayName, description, variables: fields.map((field) => ({ ...field })) }
}
