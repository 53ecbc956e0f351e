// What gateways in a cluster share: their CA and signing keys, and the shims that called home.
import type { MigrationInterface, QueryRunner } from 'typeorm'

const UP = [
  `CREATE TABLE trust (
    name text PRIMARY KEY,
    version integer NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    updated_at timestamptz NOT NULL
  )`,
  `CREATE TABLE sandbox_shims (
    pod_uid text PRIMARY KEY,
    pod_name text NOT NULL,
    fingerprint text NOT NULL CHECK (length(fingerprint) = 64),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    called_at timestamptz NOT NULL DEFAULT now()
  )`,
]

export class Trust1700000000002 implements MigrationInterface {
  name = 'Trust1700000000002'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['sandbox_shims', 'trust']) await runner.query(`DROP TABLE ${table}`)
  }
}
