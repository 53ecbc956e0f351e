// One COPY over a connection of the pool. TypeORM has no word for it, so the driver's own connection is used as long as it takes.
import { from } from 'pg-copy-streams'
import type { DataSource } from 'typeorm'
import type { GuardedClient } from './guarded-driver.ts'

export async function copyRows(source: DataSource, statement: string, rows: Buffer): Promise<void> {
  const runner = source.createQueryRunner()
  try {
    const client = (await runner.connect()) as GuardedClient
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const copy = from(statement)
    copy.once('finish', resolve)
    copy.on('error', reject)
    client.query(copy)
    copy.end(rows)
    await promise.catch((error: unknown) => {
      client.giveUpAfter(error)
      throw error
    })
  } finally {
    await runner.release()
  }
}
