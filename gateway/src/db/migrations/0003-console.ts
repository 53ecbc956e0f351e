// The console: roles, passwords and console sessions, logging in through providers and their claims, sightings of keys, definitions of tools,
// activity by the hour, replicas, and what the audit says of a change. Only adds, but for the check of roles: the release before can go on.
import type { MigrationInterface, QueryRunner } from 'typeorm'

const UP = [
  `ALTER TABLE users
    ADD COLUMN preferences json NOT NULL DEFAULT '{}',
    ADD COLUMN login_until timestamptz,
    DROP CONSTRAINT users_role_check,
    ADD CONSTRAINT users_role_check CHECK (role IN ('admin', 'auditor', 'member'))`,
  `CREATE TABLE passwords (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    phc text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE console_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    method text NOT NULL,
    provider text,
    provider_sid text,
    browser text CHECK (length(browser) <= 256),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    idle_until timestamptz NOT NULL
  )`,
  `CREATE UNIQUE INDEX console_sessions_sha256 ON console_sessions (sha256)`,
  `CREATE INDEX console_sessions_user ON console_sessions (user_id, created_at)`,
  `CREATE INDEX console_sessions_provider ON console_sessions (provider, provider_sid) WHERE provider IS NOT NULL`,
  `CREATE INDEX console_sessions_expires ON console_sessions (expires_at)`,
  `CREATE TABLE one_time_links (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('invite', 'demo')),
    expires_at timestamptz NOT NULL
  )`,
  `CREATE INDEX one_time_links_user ON one_time_links (user_id)`,
  `CREATE TABLE login_flows (
    state_sha256 bytea PRIMARY KEY CHECK (length(state_sha256) = 32),
    browser_sha256 bytea NOT NULL CHECK (length(browser_sha256) = 32),
    provider text NOT NULL,
    nonce text NOT NULL,
    verifier_sealed bytea NOT NULL,
    key_id text NOT NULL,
    return_to text NOT NULL,
    link_user uuid REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
  )`,
  `CREATE INDEX login_flows_expires ON login_flows (expires_at)`,
  // a provider's word that somebody logged out counts once
  `CREATE TABLE logout_tokens (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    expires_at timestamptz NOT NULL
  )`,
  `CREATE INDEX logout_tokens_expires ON logout_tokens (expires_at)`,
  // by an HMAC of what was typed: a name that nobody has is not kept either
  `CREATE TABLE login_throttle (
    name text PRIMARY KEY,
    failures integer NOT NULL,
    window_at timestamptz NOT NULL,
    locked_until timestamptz
  )`,
  `ALTER TABLE external_accounts
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN login_at timestamptz,
    ADD COLUMN label text`,
  `CREATE UNIQUE INDEX external_accounts_id ON external_accounts (id)`,
  `CREATE TABLE claims (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider text NOT NULL,
    name text NOT NULL,
    value text NOT NULL CHECK (length(value) <= 256),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, provider, name, value)
  )`,
  `CREATE INDEX claims_expires ON claims (expires_at)`,
  `CREATE TABLE login_providers (
    id text PRIMARY KEY,
    kind text NOT NULL,
    config json NOT NULL,
    secret_sealed bytea,
    key_id text,
    version uuid NOT NULL,
    enabled boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE INDEX login_providers_key ON login_providers (key_id)`,
  // who comes later under the name of somebody erased must inherit nothing; the name itself is gone
  `CREATE TABLE retired_handles (hmac bytea PRIMARY KEY CHECK (length(hmac) = 32))`,
  `ALTER TABLE keys ADD COLUMN watched_until timestamptz, ADD COLUMN prefix_hmac bytea`,
  `CREATE INDEX keys_watched ON keys (watched_until) WHERE watched_until IS NOT NULL`,
  `CREATE TABLE key_sightings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    key_id uuid NOT NULL REFERENCES keys ON DELETE CASCADE,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    client text,
    detail json NOT NULL
  )`,
  `CREATE INDEX key_sightings_key ON key_sightings (key_id, at)`,
  `CREATE TABLE tool_definitions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    server text NOT NULL,
    tool text NOT NULL,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    definition json,
    state text NOT NULL CHECK (state IN ('approved', 'flagged', 'held')),
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    decided_by uuid,
    CONSTRAINT tool_definitions_one UNIQUE NULLS NOT DISTINCT (server, tool, user_id, sha256)
  )`,
  `CREATE INDEX tool_definitions_user ON tool_definitions (user_id)`,
  `CREATE INDEX tool_definitions_undecided ON tool_definitions (server, tool) WHERE state <> 'approved'`,
  `CREATE TABLE activity_hours (
    hour timestamptz NOT NULL,
    user_id text NOT NULL,
    server text NOT NULL,
    calls integer NOT NULL,
    errors integer NOT NULL,
    refused integer NOT NULL,
    duration_ms double precision NOT NULL,
    PRIMARY KEY (hour, user_id, server)
  )`,
  `CREATE INDEX activity_hours_user ON activity_hours (user_id, hour)`,
  `CREATE TABLE replicas (
    name text PRIMARY KEY,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    facts json NOT NULL
  )`,
  `ALTER TABLE audit ADD COLUMN via text, ADD COLUMN detail json`,
  `CREATE INDEX audit_server ON audit (server, at DESC, id DESC)`,
  `CREATE INDEX audit_action ON audit (action, at DESC, id DESC)`,
  `CREATE INDEX audit_failed ON audit (at DESC, id DESC) WHERE outcome <> 'ok'`,
  // changes and refusals among a million calls
  `CREATE INDEX audit_acts ON audit (kind, at DESC, id DESC) WHERE kind <> 'mcp'`,
  `CREATE INDEX audit_console ON audit (at DESC, id DESC) WHERE via = 'console'`,
]

const DOWN = [
  `DROP INDEX audit_console, audit_acts, audit_failed, audit_action, audit_server`,
  `ALTER TABLE audit DROP COLUMN via, DROP COLUMN detail`,
  `DROP TABLE replicas, activity_hours, tool_definitions, key_sightings, retired_handles, login_providers, claims, login_throttle, logout_tokens, login_flows,
    one_time_links, console_sessions, passwords`,
  `ALTER TABLE keys DROP COLUMN watched_until, DROP COLUMN prefix_hmac`,
  `ALTER TABLE external_accounts DROP COLUMN id, DROP COLUMN login_at, DROP COLUMN label`,
  // a member may do less than an auditor, never more
  `UPDATE users SET role = 'member' WHERE role = 'auditor'`,
  `ALTER TABLE users
    DROP COLUMN preferences,
    DROP COLUMN login_until,
    DROP CONSTRAINT users_role_check,
    ADD CONSTRAINT users_role_check CHECK (role IN ('admin', 'member'))`,
]

export class Console1700000000003 implements MigrationInterface {
  name = 'Console1700000000003'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement)
  }
}
