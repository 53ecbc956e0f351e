// What is shown when the console itself has a fault, when the hub does not answer while a page is fetched (which then comes by itself), and when
// the hub has been updated under an open page (its files have new names then).
import { Component, Suspense, useEffect, useState, type ReactNode } from 'react'
import { isHubThere } from '../lib/api/client.ts'
import { useText } from '../lib/i18n/use-text.ts'
import { Button } from '../ui/button.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

interface BoundaryProps {
  readonly children: ReactNode
  /** what stands here when even the words for the fault cannot be had */
  readonly last?: boolean
}

interface BoundaryState {
  readonly failed: boolean
  readonly fault: unknown
  /** since the hub was last seen away */
  readonly tries: number
}

/** What could not be fetched, rather than what went wrong once it was there. */
const unfetched = new WeakSet()
window.addEventListener('vite:preloadError', ({ payload }) => {
  unfetched.add(payload)
})
const isUnfetched = (fault: unknown): boolean => typeof fault === 'object' && fault !== null && unfetched.has(fault)

/** so often it is looked whether the hub is back */
const LOOK_MS = 2_000

export class ErrorBoundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { failed: false, fault: null, tries: 0 }

  static getDerivedStateFromError(fault: unknown): Partial<BoundaryState> {
    return { failed: true, fault }
  }

  readonly again = (wasAway: boolean): void =>
    this.setState(({ tries }) => ({ failed: false, fault: null, tries: wasAway ? 1 : tries + 1 }))

  override render(): ReactNode {
    const { failed, fault, tries } = this.state
    if (!failed) return this.props.children
    if (this.props.last) return <BarePage />
    return (
      <ErrorBoundary last>
        <Suspense>
          {isUnfetched(fault) ? <UnfetchedPage mayTry={tries === 0} onAgain={this.again} /> : <BrokenPage />}
        </Suspense>
      </ErrorBoundary>
    )
  }
}

const reload = (): void => location.reload()

function BrokenPage() {
  const t = useText('common')
  return (
    <FaultPage title={t('page.brokenTitle')} text={t('page.broken')}>
      <Button kind="primary" onClick={reload}>
        {t('page.reload')}
      </Button>
    </FaultPage>
  )
}

interface UnfetchedPageProps {
  /** it was not tried again yet */
  readonly mayTry: boolean
  readonly onAgain: (wasAway: boolean) => void
}

/** Fetched again as soon as the hub answers; where it answers and the page is not to be had all the same, only loading everything anew helps. */
function UnfetchedPage({ mayTry, onAgain }: UnfetchedPageProps) {
  const t = useText('common')
  const [isThere, setThere] = useState<boolean | null>(null)
  useEffect(() => {
    let [timer, isLeft, wasAway] = [0, false, false]
    const look = async (): Promise<void> => {
      const found = await isHubThere()
      if (isLeft) return
      if (found && (wasAway || mayTry)) return onAgain(wasAway)
      setThere(found)
      if (found) return
      wasAway = true
      timer = window.setTimeout(() => void look(), LOOK_MS)
    }
    void look()
    return () => {
      isLeft = true
      window.clearTimeout(timer)
    }
  }, [mayTry, onAgain])
  if (isThere === null) return <Skeleton />
  if (!isThere) return <FaultPage title={t('page.awayTitle')} text={t('page.away')} />
  return (
    <FaultPage title={t('page.brokenTitle')} text={t('page.newVersion')}>
      <Button kind="primary" onClick={reload}>
        {t('page.reload')}
      </Button>
    </FaultPage>
  )
}

interface FaultPageProps {
  readonly title: string
  readonly text: string
  readonly children?: ReactNode
}

function FaultPage({ title, text, children }: FaultPageProps) {
  return (
    <div className="mx-auto flex max-w-lg flex-col gap-4 px-4 py-16">
      <h1 className="text-title font-semibold">{title}</h1>
      <p role="alert">{text}</p>
      {children && <div>{children}</div>}
    </div>
  )
}

/** In both languages, since the files with the words are what could not be fetched. */
const BARE = [
  'MCPHub does not answer. Reload the page.',
  'MCPHub이 응답하지 않아요. 페이지를 새로 고침하세요.',
] as const

function BarePage() {
  return (
    <main role="alert" className="mx-auto flex max-w-lg flex-col gap-2 px-4 py-16">
      <p lang="en">{BARE[0]}</p>
      <p lang="ko">{BARE[1]}</p>
    </main>
  )
}
