// What the palette finds: pages, servers, my groups, a few actions; tools, and for who administers people, are looked for on the hub.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { useNavigate } from 'react-router'
import { queryOf } from '../lib/api/query.ts'
import { useChoosePrefs } from '../lib/choose-prefs.ts'
import { useText } from '../lib/i18n/use-text.ts'
import { useMe } from '../lib/session.ts'
import type { IconName } from '../ui/icon.tsx'
import type { NavItem } from './navigation.ts'
import { useSignOut } from './use-sign-out.ts'

const SHOWN = 12
const PEOPLE = 5
const TOOLS = 5
/** shorter than this would be everybody */
const SHORTEST = 2

export interface Entry {
  readonly id: string
  readonly icon: IconName
  readonly text: string
  readonly kind: string
  readonly run: () => void
}

export function useEntries(items: readonly NavItem[], search: string): readonly Entry[] {
  const t = useText('common')
  const navigate = useNavigate()
  const go = (path: string) => () => void navigate(path)
  const pages = items.map(({ path, icon, text }) => ({ ...{ id: path, icon, text: t(text) }, run: go(path) }))
  return findEntries(
    [
      ...pages.map((page) => ({ ...page, kind: t('palette.pages') })),
      ...useServers(go),
      ...useGroups(go),
      ...useTools(go, search),
      ...usePeople(go, search),
      ...useActions(go),
    ],
    search,
  )
}

type Go = (path: string) => () => void

function useServers(go: Go): readonly Entry[] {
  const t = useText('common')
  const { data } = useQuery(queryOf('listServers'))
  return (data?.items ?? []).map(({ name, displayName }) => ({
    id: `server ${name}`,
    icon: 'server',
    text: displayName ?? name,
    kind: t('palette.servers'),
    run: go(`/servers/${encodeURIComponent(name)}`),
  }))
}

function useGroups(go: Go): readonly Entry[] {
  const t = useText('common')
  const { data } = useQuery(queryOf('listGroups'))
  return (data?.items ?? []).map(({ id, name }) => ({
    id: `group ${id}`,
    icon: 'group',
    text: name,
    kind: t('nav.groups'),
    run: go('/groups'),
  }))
}

/** The hub finds them by their descriptions, too; here they are found by their names. */
function useTools(go: Go, search: string): readonly Entry[] {
  const t = useText('common')
  const wanted = useDeferredValue(search.trim())
  const { data } = useQuery({
    ...queryOf('searchTools', { query: { q: wanted, limit: TOOLS } }),
    enabled: wanted.length >= SHORTEST,
    placeholderData: keepPreviousData,
  })
  if (wanted.length < SHORTEST) return []
  return (data?.items ?? []).map(({ name, server, tool, title }) => ({
    id: `tool ${name}`,
    icon: 'tools',
    text: title === null ? name : `${title} (${name})`,
    kind: t('palette.tools'),
    run: go(`/servers/${encodeURIComponent(server)}/tools/${encodeURIComponent(tool)}`),
  }))
}

function usePeople(go: Go, search: string): readonly Entry[] {
  const t = useText('common')
  const wanted = useDeferredValue(search.trim())
  const { data } = useQuery({
    ...queryOf('listUsers', { query: { search: wanted, limit: PEOPLE } }),
    enabled: useMe().role !== 'member' && wanted.length >= SHORTEST,
    placeholderData: keepPreviousData,
  })
  if (wanted.length < SHORTEST) return []
  return (data?.items ?? []).map(({ id, username }) => ({
    id: `person ${id}`,
    icon: 'account',
    text: username,
    kind: t('nav.people'),
    run: go(`/admin/people/${id}`),
  }))
}

function useActions(go: Go): readonly Entry[] {
  const t = useText('common')
  const { role } = useMe()
  const choose = useChoosePrefs()
  const { signOut } = useSignOut()
  const acts: readonly (readonly [text: string, run: () => void])[] = [
    ...(role === 'admin' ? [[t('palette.invite'), go('/admin/people?add=person')] as const] : []),
    [t('palette.light'), () => choose({ theme: 'light' })],
    [t('palette.dark'), () => choose({ theme: 'dark' })],
    [t('palette.system'), () => choose({ theme: 'system' })],
    [t('palette.english'), () => choose({ language: 'en' })],
    [t('palette.korean'), () => choose({ language: 'ko' })],
    [t('signOut'), signOut],
  ]
  return acts.map(([text, run]) => ({ id: text, icon: 'right', text, kind: t('palette.actions'), run }))
}

/** Every word that was typed occurs; what begins with them comes first. */
function findEntries(entries: readonly Entry[], search: string): readonly Entry[] {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean)
  const rank = ({ text }: Entry): number => (text.toLowerCase().startsWith(wanted[0] ?? '') ? 0 : 1)
  return entries
    .filter(({ text }) => wanted.every((word) => text.toLowerCase().includes(word)))
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, SHOWN)
}
