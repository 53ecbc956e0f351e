// Parts of a page of which one is seen. Which one stands in the address (?tab=), so that a link leads there and "back" works.
import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { classes } from './classes.ts'

export interface Tab {
  readonly key: string
  readonly label: string
  readonly content: () => ReactNode
}

interface TabsProps {
  readonly label: string
  readonly tabs: readonly Tab[]
  /** what is seen where the address names none; else the first */
  readonly initial?: string
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }

export function Tabs({ label, tabs, initial }: TabsProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [params, setParams] = useSearchParams()
  const chosen = Math.max(
    0,
    tabs.findIndex(({ key }) => key === (params.get('tab') ?? initial)),
  )
  const choose = (index: number): void => {
    setParams(
      (before) => {
        before.set('tab', tabs[index]!.key)
        return before
      },
      { replace: true },
    )
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[index]?.focus()
  }
  const onKey = (event: KeyboardEvent): void => {
    const step = STEPS[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = Number.isFinite(step) ? (chosen + step + tabs.length) % tabs.length : step < 0 ? 0 : tabs.length - 1
    choose(next)
  }
  return (
    <div className="flex flex-col gap-4">
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        tabIndex={-1}
        onKeyDown={onKey}
        className="flex gap-1 overflow-x-auto border-b border-line"
      >
        {tabs.map((tab, index) => (
          <button
            key={tab.key}
            type="button"
            role="tab"
            id={`${id}-${tab.key}`}
            aria-selected={index === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => choose(index)}
            className={classes(
              'min-h-9 border-b-2 px-3 whitespace-nowrap',
              index === chosen ? 'border-accent font-semibold text-accent' : 'border-transparent text-muted',
            )}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${tabs[chosen]!.key}`} tabIndex={0}>
        {tabs[chosen]!.content()}
      </div>
    </div>
  )
}
