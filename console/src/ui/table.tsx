// A table that becomes a list of cards on a phone: the head of each column then stands before its value. The roles are written out, because
// what is no longer laid out as a table is otherwise no longer read out as one.
import type { ReactNode } from 'react'
import { classes } from './classes.ts'

export interface Column<Row> {
  readonly key: string
  readonly head: string
  readonly cell: (row: Row) => ReactNode
  /** numbers stand at the right, in figures of one width */
  readonly isNumber?: boolean
  /** what the row is called by */
  readonly isName?: boolean
}

interface TableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
}

export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <table role="table" aria-label={label} className="w-full border-collapse">
      <thead role="rowgroup" className="max-md:sr-only">
        <tr role="row">
          {columns.map(({ key, head, isNumber }) => (
            <th
              key={key}
              role="columnheader"
              scope="col"
              className={classes(
                'border-b border-line px-2 py-2 text-small font-medium text-muted',
                isNumber ? 'text-right' : 'text-left',
              )}
            >
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" className="max-md:flex max-md:flex-col max-md:gap-3">
        {rows.map((row) => (
          <tr
            key={keyOf(row)}
            role="row"
            className="hover:bg-raised max-md:flex max-md:flex-col max-md:gap-1 max-md:rounded-md max-md:border max-md:border-line max-md:bg-surface max-md:p-3"
          >
            {columns.map((column) => (
              <Cell key={column.key} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }) {
  const { head, cell, isNumber, isName } = column
  const look = classes(
    'px-2 py-2 text-left font-normal md:border-b md:border-line max-md:flex max-md:justify-between max-md:gap-3 max-md:p-0',
    isNumber && 'tabular-nums md:text-right',
    isName && 'font-semibold',
  )
  const inside = (
    <>
      {!isName && (
        <span aria-hidden="true" className="text-small font-normal text-muted md:hidden">
          {head}
        </span>
      )}
      <span className="min-w-0">{cell(row)}</span>
    </>
  )
  if (!isName) {
    return (
      <td role="cell" className={look}>
        {inside}
      </td>
    )
  }
  return (
    <th role="rowheader" scope="row" className={look}>
      {inside}
    </th>
  )
}
