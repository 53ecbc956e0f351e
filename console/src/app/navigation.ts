// The pages of the navigation, of the palette and of the keys `g` + letter; each feature adds its own with its first page.
import type { TextKey } from '../lib/i18n/words.ts'
import type { Me } from '../lib/session.ts'
import type { IconName } from '../ui/icon.tsx'

export interface NavItem {
  readonly path: string
  readonly icon: IconName
  readonly text: TextKey<'common'>
  /** after `g` */
  readonly key?: string
  /** for administrators and auditors */
  readonly isAdmin?: true
  /** for administrators alone; with `isAdmin` */
  readonly isAdminOnly?: true
}

const NAV: readonly NavItem[] = [
  { path: '/', icon: 'home', text: 'nav.home', key: 'h' },
  { path: '/connect', icon: 'connect', text: 'nav.connect', key: 'c' },
  { path: '/servers', icon: 'server', text: 'nav.servers', key: 's' },
  { path: '/groups', icon: 'group', text: 'nav.groups', key: 'g' },
  { path: '/keys', icon: 'key', text: 'nav.keys', key: 'k' },
  { path: '/sandboxes', icon: 'sandbox', text: 'nav.sandboxes', key: 'b' },
  { path: '/activity', icon: 'activity', text: 'nav.activity', key: 'a' },
  { path: '/account', icon: 'account', text: 'nav.account', key: 'u' },
  { path: '/admin/people', icon: 'people', text: 'nav.people', key: 'p', isAdmin: true },
  { path: '/admin/servers', icon: 'server', text: 'nav.adminServers', key: 'r', isAdmin: true },
  { path: '/admin/groups', icon: 'group', text: 'nav.adminGroups', key: 'j', isAdmin: true },
  { path: '/admin/variables', icon: 'variable', text: 'nav.variables', key: 'v', isAdmin: true, isAdminOnly: true },
  { path: '/admin/login', icon: 'login', text: 'nav.login', key: 'o', isAdmin: true, isAdminOnly: true },
  { path: '/admin/tools', icon: 'tools', text: 'nav.tools', key: 't', isAdmin: true },
  { path: '/admin/audit', icon: 'audit', text: 'nav.audit', key: 'l', isAdmin: true },
  { path: '/admin/system', icon: 'system', text: 'nav.system', key: 'y', isAdmin: true },
]

/** Of the administration, by a page's own path: an address may be written in more ways than one. */
export const isOfAdmin = (pagePath: string): boolean => /^\/(admin|setup)\//.test(pagePath)

/** What single pages keep from auditors, they say themselves. */
export const mayAdmin = ({ role }: Pick<Me, 'role'>): boolean => role !== 'member'

/** What this person may open. */
export function navigationOf({ role }: Me): readonly NavItem[] {
  return NAV.filter(
    ({ isAdmin, isAdminOnly }) => role === 'admin' || (!isAdminOnly && (!isAdmin || role === 'auditor')),
  )
}
