// The frame of every page: where one can go, whether the news arrive, and what one came for. Beside it on wide screens, below on phones.
import { Suspense, lazy, useState } from 'react'
import { Outlet, useLocation } from 'react-router'
import { useText } from '../lib/i18n/use-text.ts'
import { useMe } from '../lib/session.ts'
import { IconButton } from '../ui/button.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ErrorBoundary } from './error-page.tsx'
import { LoginHint } from './login-hint.tsx'
import { navigationOf } from './navigation.ts'
import { BottomBar, SideBar } from './nav-bars.tsx'
import { OfflineBanner } from './offline-banner.tsx'
import { useNews } from './use-news.ts'
import { useShortcuts, type Overlay } from './use-shortcuts.ts'

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }))
const KeysDialog = lazy(async () => ({ default: (await import('./keys-dialog.tsx')).KeysDialog }))

export function Layout() {
  const t = useText('common')
  const me = useMe()
  const { pathname } = useLocation()
  const [overlay, setOverlay] = useState<Overlay | null>(null)
  const items = navigationOf(me)
  const close = (): void => setOverlay(null)
  useNews()
  useShortcuts(items, setOverlay)
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-20 focus:rounded-md focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent"
      >
        {t('skip')}
      </a>
      <div className="flex min-h-dvh">
        <SideBar items={items} name={me.username} onSearch={() => setOverlay('palette')} />
        <div className="flex min-w-0 flex-1 flex-col pb-20 md:pb-8">
          <header className="flex items-center justify-between border-b border-line bg-surface px-4 py-1 md:hidden">
            <span className="font-semibold">MCPHub</span>
            <IconButton icon="search" label={t('palette.open')} onClick={() => setOverlay('palette')} />
          </header>
          <OfflineBanner />
          <LoginHint />
          <main id="content" tabIndex={-1} className="px-4 py-5 md:px-8 md:py-7">
            <ErrorBoundary key={pathname}>
              <Suspense fallback={<Skeleton />}>
                <Outlet />
              </Suspense>
            </ErrorBoundary>
          </main>
        </div>
        <BottomBar items={items} name={me.username} />
      </div>
      <Suspense>
        {overlay === 'palette' && <Palette items={items} onClose={close} />}
        {overlay === 'keys' && <KeysDialog items={items} onClose={close} />}
      </Suspense>
    </>
  )
}
