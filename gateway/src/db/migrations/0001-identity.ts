// The first schema: identities, keys, variables, groups, sessions, discoveries, audit, settings and the change counter.
import type { MigrationInterface, QueryRunner } from 'typeorm'

const UP = [
  `CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    username text NOT NULL CHECK (length(username) BETWEEN 1 AND 64),
    role text NOT NULL CHECK (role IN ('admin', 'member')),
    active boolean NOT NULL DEFAULT true,
    epoch integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
  )`,
  // a deleted user's name is free again; nothing of the old account hangs on it
  `CREATE UNIQUE INDEX users_username_living ON users (username) WHERE deleted_at IS NULL`,
  `CREATE INDEX users_username ON users (username, id)`,
  `CREATE TABLE external_accounts (
    provider text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, subject)
  )`,
  `CREATE INDEX external_accounts_user ON external_accounts (user_id)`,
  `CREATE TABLE keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    last4 text NOT NULL CHECK (length(last4) = 4),
    scope json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  `CREATE UNIQUE INDEX keys_sha256 ON keys (sha256)`,
  `CREATE INDEX keys_user ON keys (user_id)`,
  `CREATE TABLE user_variables (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    version uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, name)
  )`,
  `CREATE INDEX user_variables_key ON user_variables (key_id)`,
  `CREATE TABLE org_variables (
    name text PRIMARY KEY,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    version uuid NOT NULL,
    updated_at timestamptz NOT NULL
  )`,
  `CREATE TABLE personal_groups (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    description text,
    servers text[] NOT NULL,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL
  )`,
  `CREATE UNIQUE INDEX personal_groups_name ON personal_groups (user_id, name)`,
  `CREATE TABLE mcp_sessions (
    id text PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key_id uuid,
    revision text NOT NULL,
    client_name text,
    client_version text,
    endpoint text NOT NULL,
    opened_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    dead_until timestamptz
  )`,
  `CREATE INDEX mcp_sessions_user ON mcp_sessions (user_id, last_seen_at DESC)`,
  `CREATE INDEX mcp_sessions_dead ON mcp_sessions (dead_until) WHERE dead_until IS NOT NULL`,
  `CREATE TABLE discoveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    server text NOT NULL,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    config_hash text NOT NULL,
    body text NOT NULL,
    discovered_at timestamptz NOT NULL,
    CONSTRAINT discoveries_owner UNIQUE NULLS NOT DISTINCT (server, user_id)
  )`,
  `CREATE INDEX discoveries_user ON discoveries (user_id)`,
  `CREATE TABLE audit (
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    request_id text NOT NULL,
    user_id text,
    key_id text,
    session_id text,
    kind text NOT NULL,
    action text NOT NULL,
    server text,
    target text,
    outcome text NOT NULL,
    code text,
    duration_ms double precision NOT NULL,
    arguments_hash text,
    PRIMARY KEY (at, id)
  ) PARTITION BY RANGE (at)`,
  `CREATE INDEX audit_user ON audit (user_id, at DESC, id)`,
  // an erased user's name is looked for where it was the object: when the user was made
  `CREATE INDEX audit_made_user ON audit (split_part(target, ' ', 1)) WHERE action IN ('POST /api/admin/users', 'POST /api/setup')`,
  `CREATE INDEX audit_request ON audit (request_id)`,
  `CREATE TABLE settings (
    name text PRIMARY KEY,
    value json NOT NULL,
    updated_at timestamptz NOT NULL
  )`,
  // Whoever announces a change takes this row's lock until commit, so numbers appear in the order of the commits and none is ever late.
  `CREATE TABLE change_counter (id integer PRIMARY KEY CHECK (id = 1), value bigint NOT NULL)`,
  `INSERT INTO change_counter (id, value) VALUES (1, 0)`,
  `CREATE TABLE changes (
    seq bigint PRIMARY KEY,
    topic text NOT NULL,
    subject text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE INDEX changes_at ON changes (at)`,
]

const TABLES =
  `changes change_counter settings audit discoveries mcp_sessions personal_groups org_variables user_variables keys
  external_accounts users`.split(/\s+/)

export class Identity1700000000001 implements MigrationInterface {
  name = 'Identity1700000000001'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`)
  }
}
