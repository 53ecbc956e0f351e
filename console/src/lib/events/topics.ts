// Which news makes which answer stale. One line per route that reads; the hub names the topics (event `changed` of /api/events).
import type { RouteId } from '@mcphub/api'

export type Topic =
  | 'keys'
  | 'groups'
  | 'variables'
  | 'servers'
  | 'tools'
  | 'sandboxes'
  | 'sessions'
  | 'activity'
  | 'me'
  | 'sightings'
  | 'people'
  | 'catalog'
  | 'audit'
  | 'providers'
  | 'toolChanges'
  | 'system'

export const TOPICS: Readonly<Partial<Record<RouteId, readonly Topic[]>>> = {
  getMe: ['me'],
  listConsoleSessions: ['me'],
  listAccounts: ['me'],
  listEnvTemplates: ['servers', 'variables'],
  listUserVariables: ['variables'],
  listServers: ['servers', 'tools', 'variables', 'sandboxes'],
  getServer: ['servers', 'tools', 'variables', 'sandboxes'],
  searchTools: ['tools', 'servers'],
  listTools: ['tools', 'groups', 'servers'],
  explainTool: ['tools', 'groups', 'servers', 'variables', 'keys'],
  listGroups: ['groups', 'tools', 'servers'],
  // a group that is renamed or gone is told by the key that is made for it
  listKeys: ['keys', 'groups'],
  listSightings: ['sightings', 'keys', 'groups', 'tools', 'servers'],
  listSessions: ['sessions'],
  listSandboxes: ['sandboxes'],
  listActivity: ['activity'],
  getUsage: ['activity'],
  listErrors: ['activity'],
  listUsers: ['people'],
  // groups are the catalogue's
  getUser: ['people', 'catalog'],
  listUserSessions: ['people'],
  listUserKeys: ['keys', 'people'],
  listOrgVariables: ['variables', 'catalog'],
  listAdminServers: ['catalog', 'servers'],
  listUserGroups: ['catalog'],
  getServerManifest: ['catalog'],
  getGroupManifest: ['catalog'],
  getCatalogState: ['catalog'],
  getSettingsFile: ['catalog'],
  listProviders: ['providers'],
  getLogin: ['providers'],
  listAudit: ['audit'],
  // of others only the audit tells
  listAllSessions: ['sessions', 'audit'],
  listAllSandboxes: ['sandboxes'],
  getSystem: ['system'],
  listToolChanges: ['toolChanges', 'catalog'],
}
