// FlowStore on PostgreSQL.
import { HubError } from '@mcphub/api'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import type { FlowRow, FlowStore } from './flow-store.ts'

const PUT = `INSERT INTO login_flows
    (state_sha256, browser_sha256, provider, nonce, verifier_sealed, key_id, return_to, link_user, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 millisecond')`

const TAKE = `DELETE FROM login_flows WHERE state_sha256 = $1 AND browser_sha256 = $2 AND expires_at > now()
  RETURNING provider, nonce, verifier_sealed AS sealed, key_id AS "keyId", return_to AS "returnTo", link_user AS "linkUser"`

/** Two that forget at the same time wait for each other in no order. */
const FORGET_CLAIMS = `DELETE FROM logout_tokens WHERE sha256 IN
  (SELECT sha256 FROM logout_tokens WHERE expires_at < now() FOR UPDATE SKIP LOCKED)`

const CLAIM = `INSERT INTO logout_tokens (sha256, expires_at) VALUES ($1, now() + $2 * interval '1 millisecond')
  ON CONFLICT DO NOTHING RETURNING sha256`

type TakenRow = Pick<FlowRow, 'provider' | 'nonce' | 'returnTo' | 'linkUser'> & {
  readonly sealed: Buffer
  readonly keyId: string
}

export function createPgFlowStore({ run }: Pick<Database, 'run'>): FlowStore {
  return {
    put: (flow, lifeMs) =>
      run(null, async (manager) => {
        await manager.query('DELETE FROM login_flows WHERE expires_at < now()')
        const { stateSha256, browserSha256, provider, nonce, verifier, returnTo, linkUser } = flow
        const values = [stateSha256, browserSha256, provider, nonce, verifier.bytes, verifier.keyId, returnTo, linkUser]
        await manager.query(PUT, [...values, lifeMs]).catch((thrown: unknown) => {
          throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
        })
      }),
    take: (stateSha256, browserSha256) =>
      run(null, async (manager) => {
        // of DELETE the driver gives the rows and their number
        const [[row]] = (await manager.query(TAKE, [stateSha256, browserSha256])) as [TakenRow[], number]
        if (row === undefined) return null
        const { sealed, keyId, ...rest } = row
        return { stateSha256, browserSha256, ...rest, verifier: { keyId, bytes: sealed } }
      }),
    claimOnce: (unit, sha256, lifeMs) =>
      run(unit, async (manager) => {
        await manager.query(FORGET_CLAIMS)
        const rows: unknown[] = await manager.query(CLAIM, [sha256, lifeMs])
        return rows.length === 1
      }),
  }
}
