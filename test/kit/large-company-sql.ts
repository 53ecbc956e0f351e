// What large-company.ts writes into the database, as SQL: the same rows for the same size, whatever the machine.

export interface Statement {
  readonly sql: string
  readonly values: readonly unknown[]
}

export const personName = (number: number): string => `person-${String(number).padStart(5, '0')}`

/** A hundred people of the list for each group. */
export const NAMES_OF_GROUP = (group: number, people: number): readonly string[] => [
  ...new Set(Array.from({ length: 100 }, (_, at) => personName(((group * 100 + at) % people) + 1))),
]

interface Filling {
  readonly people: number
  readonly servers: number
  readonly adminId: string
}

/** Every fortieth is turned off, every hundredth deleted, every five-hundredth an auditor. */
const PEOPLE = `INSERT INTO users (username, role, active, created_at, deleted_at)
  SELECT 'person-' || lpad(n::text, 5, '0'), CASE WHEN n % 500 = 0 THEN 'auditor' ELSE 'member' END, n % 40 <> 0,
    now() - n * interval '1 hour', CASE WHEN n % 100 = 0 THEN now() END
  FROM generate_series(1, $1::integer) AS n`
const KEYS = `INSERT INTO keys (user_id, name, sha256, last4, scope, last_used_at)
  SELECT id, 'Editor ' || n, sha256((id::text || n)::bytea), 'abcd', '{"servers":null}', now() - n * interval '1 day'
  FROM users, generate_series(1, 2) AS n WHERE username LIKE 'person-%'`
const SESSIONS = `INSERT INTO mcp_sessions (id, user_id, key_id, revision, client_name, client_version, endpoint, opened_at, last_seen_at)
  SELECT substr(md5(id::text), 1, 24), user_id, id, '2025-11-25', 'Cursor', '2.4', '/mcp', now() - interval '2 hours', now() - interval '1 minute'
  FROM keys WHERE name = 'Editor 1'`
const CONSOLE_SESSIONS = `INSERT INTO console_sessions (user_id, sha256, method, browser, expires_at, idle_until)
  SELECT id, sha256(('console' || id)::bytea), 'password', 'Chrome', now() + interval '5 days', now() + interval '5 hours'
  FROM users WHERE username LIKE 'person-%5'`
/** The one that is turned on has all there is. */
const PERSONAL_GROUPS = `INSERT INTO personal_groups (user_id, name, servers, active, updated_at)
  SELECT $1::uuid, 'Group ' || n, ARRAY(SELECT 'server-' || lpad(((n * 20 + s) % $2::integer)::text, 3, '0')
    FROM generate_series(0, CASE WHEN n = 1 THEN $2::integer ELSE least(20, $2::integer) END - 1) AS s), n = 1, now()
  FROM generate_series(1, 20) AS n`
/** Who calls: the administrator first, then everybody else. */
const CROWD = `CREATE TEMP TABLE large_company_crowd AS
  SELECT (row_number() OVER (ORDER BY id <> $1::uuid, username) - 1)::integer AS place, id::text AS id,
    (SELECT keys.id::text FROM keys WHERE keys.user_id = users.id LIMIT 1) AS key
  FROM users WHERE username LIKE 'person-%' OR id = $1::uuid`

export const FILL = ({ people, servers, adminId }: Filling): readonly Statement[] => [
  { sql: PEOPLE, values: [people] },
  { sql: KEYS, values: [] },
  { sql: SESSIONS, values: [] },
  { sql: CONSOLE_SESSIONS, values: [] },
  { sql: PERSONAL_GROUPS, values: [adminId, servers] },
  { sql: CROWD, values: [adminId] },
  { sql: 'ALTER TABLE large_company_crowd ADD PRIMARY KEY (place)', values: [] },
]

/** The first tool of these servers was another one when it was approved. */
export const CHANGED_TOOLS = `INSERT INTO tool_definitions (server, tool, sha256, definition, state, first_seen_at)
  SELECT 'server-' || lpad(n::text, 3, '0'), 'tool_0', sha256(('before ' || n)::bytea),
    json_build_object('title', 'Tool 0 of server ' || n, 'description', 'What it said before'), 'approved', now() - n * interval '1 hour'
  FROM generate_series(0, $1::integer - 1) AS n`

interface Day {
  readonly from: Date
  /** 0 is yesterday */
  readonly day: number
  readonly count: number
  readonly servers: number
  readonly people: number
}

/** People call in bursts of eight, each on a few servers; one in fifty bursts is the administrator's. Of a hundred records three are changes or refused keys. */
const RECORDS = `INSERT INTO audit (at, id, request_id, user_id, key_id, kind, action, server, target, outcome, code, duration_ms, arguments_hash, via, detail)
  SELECT $1::timestamptz + (burst * 7919 % 86300) * interval '1 second' + (n % 8) * interval '10 seconds', gen_random_uuid(),
    'r-' || $2::integer || '-' || n, CASE WHEN kind <> 'auth' THEN who.id END, CASE WHEN kind <> 'auth' THEN who.key END, kind,
    CASE kind WHEN 'mcp' THEN CASE WHEN n % 8 = 0 THEN 'tools/list' ELSE 'tools/call' END
      WHEN 'admin' THEN CASE WHEN n % 2 = 0 THEN 'PUT /api/admin/users/:id/role' ELSE 'POST /api/keys' END ELSE 'GET /api/user/me' END,
    CASE WHEN kind = 'mcp' AND n % 8 <> 0 THEN 'server-' || lpad(((who.place * 6 + burst % 6) % $4::integer)::text, 3, '0') END,
    CASE WHEN kind = 'mcp' THEN 'tool_' || n % 20 WHEN kind = 'admin' THEN who.id || ' role=member' END,
    outcome, CASE outcome WHEN 'error' THEN 'upstream_error' WHEN 'refused' THEN CASE WHEN kind = 'auth' THEN 'unauthenticated' ELSE 'forbidden' END
      WHEN 'canceled' THEN 'canceled' END,
    n % 400 + 3, CASE WHEN kind = 'mcp' THEN md5(n::text) || md5(n::text) END, CASE WHEN kind = 'admin' THEN 'console' WHEN kind = 'mcp' THEN 'key' END,
    CASE WHEN kind = 'admin' AND n % 2 = 0 THEN json_build_object('before', json_build_object('role', 'auditor', 'active', true),
      'after', json_build_object('role', 'member', 'active', true)) END
  FROM (
    SELECT n, burst, kind, CASE WHEN kind = 'auth' THEN 'refused' WHEN n % 100 < 3 THEN 'error' WHEN n % 100 = 3 THEN 'refused'
        WHEN n % 100 = 4 THEN 'canceled' ELSE 'ok' END AS outcome
    FROM (
      SELECT n, ($2::bigint * 10007 + n / 8) AS burst, CASE WHEN n % 1000 < 970 THEN 'mcp' WHEN n % 1000 < 990 THEN 'admin' ELSE 'auth' END AS kind
      FROM generate_series(0, $3::integer - 1) AS n
    ) AS kinds
  ) AS drawn
  JOIN large_company_crowd AS who ON who.place = CASE WHEN burst % 50 = 0 THEN 0 ELSE 1 + burst * 104729 % $5::integer END`

export function makeDay({ from, day, count, servers, people }: Day): readonly Statement[] {
  const [name, next] = [from, new Date(from.getTime() + 86_400_000)].map((at) => at.toISOString().slice(0, 10))
  const partition = `CREATE TABLE IF NOT EXISTS audit_${name!.replaceAll('-', '')} PARTITION OF audit
    FOR VALUES FROM ('${name} 00:00:00+00') TO ('${next} 00:00:00+00')`
  return [
    { sql: partition, values: [] },
    { sql: RECORDS, values: [from, day, count, servers, people] },
  ]
}
