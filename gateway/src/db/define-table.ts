// EntitySchema with strict keys: every field of the row type must be named, columns are its snake_case, nothing is guessed.
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm'

type ColumnType = 'uuid' | 'text' | 'boolean' | 'integer' | 'double precision' | 'timestamptz' | 'json' | 'bytea'

interface Column {
  readonly type: ColumnType
  readonly primary?: true
  readonly nullable?: true
  readonly array?: true
  /** filled by the database when left out */
  readonly generated?: true
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function toOptions(name: string, column: Column): EntitySchemaColumnOptions {
  const { generated, ...options } = column
  // The migrations own the real default; here it only says that an insert may leave the column out.
  return { ...options, name: snakeCase(name), ...(generated ? { default: () => 'DEFAULT' } : {}) }
}

export function defineTable<Row extends object>(
  tableName: string,
  columns: { readonly [Key in keyof Required<Row>]: Column },
): EntitySchema<Row> {
  const entries = Object.entries<Column>(columns as Record<string, Column>)
  return new EntitySchema<Row>({
    name: tableName,
    tableName,
    columns: Object.fromEntries(entries.map(([name, column]) => [name, toOptions(name, column)])) as never,
  })
}
