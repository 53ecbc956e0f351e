// A list of any length: up to 100 rows as they are (so that the browser's own search finds them), beyond that only what is in sight.
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState, type ReactNode } from 'react'

const PLAIN = 100
const OVERSCAN = 10

interface VirtualListProps<Item> {
  /** what is listed, for a screen reader */
  readonly label: string
  readonly items: readonly Item[]
  readonly keyOf: (item: Item) => string
  readonly children: (item: Item) => ReactNode
  /** height of a row before it is measured, in pixels */
  readonly rowHeight?: number
  /** the end is near: fetch the next page of a list that comes in pages */
  readonly onEnd?: () => void
}

export function VirtualList<Item>({ rowHeight = 64, onEnd, ...list }: VirtualListProps<Item>) {
  if (list.items.length > PLAIN || onEnd !== undefined)
    return <Windowed {...list} rowHeight={rowHeight} onEnd={onEnd} />
  return (
    <ul aria-label={list.label} className="flex flex-col [&>li:last-child>*]:border-b-0">
      {list.items.map((item) => (
        <li key={list.keyOf(item)}>{list.children(item)}</li>
      ))}
    </ul>
  )
}

type WindowedProps<Item> = Omit<VirtualListProps<Item>, 'rowHeight' | 'onEnd'> & {
  readonly rowHeight: number
  readonly onEnd: (() => void) | undefined
}

function Windowed<Item>({ label, items, keyOf, children, rowHeight, onEnd }: WindowedProps<Item>) {
  const list = useRef<HTMLUListElement>(null)
  const [top, setTop] = useState(0)
  useEffect(() => {
    if (list.current) setTop(list.current.getBoundingClientRect().top + window.scrollY)
  }, [])
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: top,
    getItemKey: (index) => keyOf(items[index]!),
  })
  const shown = rows.getVirtualItems()
  const last = shown.at(-1)?.index ?? -1
  useEffect(() => {
    if (last >= items.length - OVERSCAN) onEnd?.()
  }, [last, items.length, onEnd])
  return (
    <ul ref={list} aria-label={label} className="relative" style={{ height: rows.getTotalSize() }}>
      {shown.map(({ key, index, start }) => (
        <li
          key={key}
          ref={rows.measureElement}
          data-index={index}
          aria-setsize={items.length}
          aria-posinset={index + 1}
          className="absolute inset-x-0 top-0"
          style={{ transform: `translateY(${start - top}px)` }}
        >
          {children(items[index]!)}
        </li>
      ))}
    </ul>
  )
}
