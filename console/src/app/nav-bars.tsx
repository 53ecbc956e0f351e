// The navigation: a bar at the side, or at the foot of a phone with the first four pages and a sheet for the rest.
import { useState } from 'react'
import { NavLink } from 'react-router'
import { useText } from '../lib/i18n/use-text.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { classes } from '../ui/classes.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icon.tsx'
import type { NavItem } from './navigation.ts'
import { useSignOut } from './use-sign-out.ts'

const SHORTCUT = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl K'

interface BarProps {
  readonly items: readonly NavItem[]
}

interface SideBarProps extends BarProps {
  readonly name: string
  readonly onSearch: () => void
}

export function SideBar({ items, name, onSearch }: SideBarProps) {
  const t = useText('common')
  const admin = items.filter((item) => item.isAdmin)
  return (
    <nav
      aria-label={t('nav.label')}
      className="sticky top-0 hidden h-dvh w-56 shrink-0 flex-col gap-4 overflow-y-auto border-r border-line bg-surface px-3 py-4 md:flex"
    >
      <span className="px-2 text-large font-semibold">MCPHub</span>
      <Button icon="search" onClick={onSearch} aria-keyshortcuts="Control+K Meta+K" className="justify-start!">
        {t('palette.short')}
        <kbd aria-hidden="true" className="ml-auto text-small text-muted">
          {SHORTCUT}
        </kbd>
      </Button>
      <NavList items={items.filter((item) => !item.isAdmin)} />
      {admin.length > 0 && (
        <div className="flex flex-col gap-1">
          <h2 className="px-2 text-small font-medium text-muted">{t('nav.admin')}</h2>
          <NavList items={admin} />
        </div>
      )}
      <SignOut name={name} />
    </nav>
  )
}

/** Who is here, and the way out. */
function SignOut({ name }: { readonly name: string }) {
  const t = useText('common')
  const { signOut, isPending } = useSignOut()
  return (
    <div className="mt-auto flex items-center justify-between gap-2 pl-2">
      <span className="min-w-0 truncate text-small text-muted">
        <bdi>{name}</bdi>
      </span>
      <IconButton icon="logout" label={t('signOut')} disabled={isPending} onClick={signOut} />
    </div>
  )
}

function NavList({ items, onGo }: BarProps & { readonly onGo?: () => void }) {
  const t = useText('common')
  return (
    <ul className="flex flex-col gap-0.5">
      {items.map(({ path, icon, text }) => (
        <li key={path}>
          <NavLink
            to={path}
            end={path === '/'}
            onClick={() => onGo?.()}
            className={({ isActive }) => sideLook(isActive)}
          >
            <Icon name={icon} />
            {t(text)}
          </NavLink>
        </li>
      ))}
    </ul>
  )
}

const sideLook = (isActive: boolean): string =>
  classes(
    'flex min-h-8 items-center gap-2 rounded-md px-2 py-1',
    isActive ? 'bg-accent-soft font-semibold text-accent' : 'hover:bg-raised',
  )

const FIRST = 4

interface BottomBarProps extends BarProps {
  readonly name: string
}

export function BottomBar({ items, name }: BottomBarProps) {
  const t = useText('common')
  const [isOpen, setOpen] = useState(false)
  const rest = items.slice(FIRST)
  return (
    <nav
      aria-label={t('nav.label')}
      className="fixed inset-x-0 bottom-0 z-10 flex border-t border-line bg-surface md:hidden"
    >
      {items.slice(0, FIRST).map(({ path, icon, text }) => (
        <NavLink key={path} to={path} end={path === '/'} className={({ isActive }) => footLook(isActive)}>
          <Icon name={icon} size={20} />
          {t(text)}
        </NavLink>
      ))}
      <button type="button" className={footLook(false)} onClick={() => setOpen(true)}>
        <Icon name="menu" size={20} />
        {t('nav.more')}
      </button>
      {isOpen && (
        <Dialog title={t('nav.more')} onClose={() => setOpen(false)}>
          {rest.length > 0 && <NavList items={rest} onGo={() => setOpen(false)} />}
          <SignOut name={name} />
        </Dialog>
      )}
    </nav>
  )
}

const footLook = (isActive: boolean): string =>
  classes(
    'flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 px-1 text-small',
    isActive ? 'font-semibold text-accent' : 'text-muted',
  )
