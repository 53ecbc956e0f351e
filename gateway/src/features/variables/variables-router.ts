// REST: a user's variables, the organisation's, and the templates that say which ones are wanted. Values go in, masks come out.
import type { EnvTemplateResponse, VariableResponse } from '@mcphub/api'
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
  const serversOf = (principal: Principal) => listEntitled(catalog, principal).map(({ server }) => server)
  /** Which servers use a variable is told only of servers the user may use. */
  const listOwn = async (principal: Principal) => {
    const own = new Set(serversOf(principal).map(({ name }) => name))
    const all = await variables.list(principal.userId)
    // a key for some servers reads what concerns them
    const infos =
      principal.scope.servers === null ? all : all.filter(({ usedBy }) => usedBy.some((name) => own.has(name)))
    return { items: infos.map((info) => presentVariable(info, (server) => own.has(server))) }
  }
  const listOrg = async () => ({ items: (await variables.listOrg()).map((info) => presentVariable(info, () => true)) })
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
    async setOrgVariables({ body, about }) {
      about(Object.keys(body.variables).join(' '))
      await variables.setOrg(body.variables)
      return listOrg()
    },
    async deleteOrgVariable({ params }) {
      await variables.unsetOrg(params.name)
      return undefined
    },
  }
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
