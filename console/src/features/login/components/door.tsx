// The frame of the pages before the login: a card in the middle, and the other language at its foot.
import { useEffect, type ReactNode } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { changePrefs, usePrefs } from '../../../lib/prefs.ts'
import { Button } from '../../../ui/button.tsx'

interface DoorProps {
  readonly title: string
  readonly children: ReactNode
}

export function Door({ title, children }: DoorProps) {
  const t = useText('login')
  const other = usePrefs().language === 'ko' ? 'en' : 'ko'
  useEffect(() => {
    document.title = `${title} · MCPHub`
  }, [title])
  return (
    <div className="flex min-h-dvh flex-col items-center justify-center gap-4 px-4 py-8">
      <main className="flex w-full max-w-sm flex-col gap-5 rounded-md border border-line bg-surface p-6">
        <header className="flex flex-col gap-1">
          <p className="font-semibold text-accent">MCPHub</p>
          <h1 className="text-title font-semibold">{title}</h1>
        </header>
        {children}
      </main>
      <Button kind="quiet" lang={other} onClick={() => void changePrefs({ language: other })}>
        {t('otherLanguage')}
      </Button>
    </div>
  )
}

/** Something to know before anything can be done here. */
export function Notice({ children }: { readonly children: ReactNode }) {
  return <p className="rounded-md bg-warn-soft px-3 py-2 text-warn">{children}</p>
}
