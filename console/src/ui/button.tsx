// Buttons, and links that look like them. While its work is under way a button stays where it is, says so, and cannot be pressed twice.
import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link, type LinkProps } from 'react-router'
import { classes } from './classes.ts'
import { Icon, type IconName } from './icon.tsx'

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'danger'

const BASE =
  'inline-flex min-h-8 items-center justify-center gap-2 rounded-md border px-3 py-1 font-medium whitespace-nowrap no-underline'
const KINDS: Readonly<Record<ButtonKind, string>> = {
  primary: 'border-accent bg-accent text-on-accent hover:opacity-90',
  plain: 'border-edge bg-surface text-text hover:bg-raised',
  quiet: 'border-transparent text-text hover:bg-raised',
  danger: 'border-bad bg-surface text-bad hover:bg-bad-soft',
}
const OFF = 'disabled:cursor-default disabled:opacity-55 aria-disabled:cursor-default aria-disabled:opacity-55'

interface Look {
  readonly kind?: ButtonKind
  readonly icon?: IconName
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, Look {
  /** its work is under way: keeps the focus, does nothing */
  readonly busy?: boolean
}

export function Button({ kind = 'plain', icon, busy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
      className={classes(BASE, KINDS[kind], OFF, className)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  readonly icon: IconName
  /** what it does, in words; also shown when pointed at */
  readonly label: string
}

export function IconButton({ icon, label, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={classes('inline-flex size-8 items-center justify-center rounded-md hover:bg-raised', OFF, className)}
    >
      <Icon name={icon} />
    </button>
  )
}

export function LinkButton({ kind = 'plain', icon, className, children, ...rest }: LinkProps & Look) {
  return (
    <Link {...rest} className={classes(BASE, KINDS[kind], className as string | undefined)}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  )
}

interface AwayLinkProps {
  /** an address of the hub that leads away from the console: urlOf('startOidcLogin', …) */
  readonly href: string
  readonly children: ReactNode
}

/** For a name somebody gave: as long as it is, it stays inside the page. */
export const LONG_NAME = 'max-w-full whitespace-normal! wrap-anywhere'

/** The browser itself goes there, and leaves the console. */
export function AwayLink({ href, children }: AwayLinkProps) {
  return (
    <a href={href} className={classes(BASE, KINDS.plain, LONG_NAME)}>
      {children}
    </a>
  )
}

interface DownloadLinkProps extends Look {
  /** an address of the hub: urlOf('exportAudit', …) */
  readonly href: string
  readonly children: ReactNode
}

/** The browser fetches and keeps the file itself, with the person's cookie. */
export function DownloadLink({ href, kind = 'plain', icon = 'download', children }: DownloadLinkProps) {
  return (
    <a href={href} download className={classes(BASE, KINDS[kind])}>
      <Icon name={icon} />
      {children}
    </a>
  )
}
