// What is shown while something is on its way: nothing for 150 ms (most answers are quicker), then grey lines and a sentence.
import { useEffect, useState } from 'react'
import { useText } from '../lib/i18n/use-text.ts'

const QUIET_MS = 150

interface SkeletonProps {
  readonly lines?: number
  /** what is waited for, if it is not plain from the page */
  readonly label?: string
}

export function Skeleton({ lines = 4, label }: SkeletonProps) {
  const t = useText('common')
  const isLate = useIsLate()
  return (
    <div role="status" aria-live="polite" data-loading className="flex min-h-24 flex-col gap-3 py-2">
      {isLate && (
        <>
          <p className="text-small text-muted">{label ?? t('loading')}</p>
          {Array.from({ length: lines }, (_, line) => (
            <div key={line} aria-hidden="true" className="h-9 animate-pulse rounded-md bg-raised" />
          ))}
        </>
      )}
    </div>
  )
}

function useIsLate(): boolean {
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), QUIET_MS)
    return () => window.clearTimeout(timer)
  }, [])
  return isLate
}
