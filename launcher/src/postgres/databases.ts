// Roles and databases of a running instance: who owns what, set right at every start.
import { Client } from 'pg'

/** Runs statements as the superuser over one connection. */
export async function withAdmin<T>(adminUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: adminUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export interface DatabaseOwner {
  readonly user: string
  readonly password: string
}

/** A role that owns its database and nothing else: no superuser, no way to programs and files of the host. The password is set anew each time. */
export async function ensureRole(client: Client, { user, password }: DatabaseOwner): Promise<void> {
  const role = client.escapeIdentifier(user)
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user])
  const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER'
  await client.query(`${verb} ROLE ${role} LOGIN NOSUPERUSER PASSWORD ${client.escapeLiteral(password)}`)
}

export async function ensureDatabase(client: Client, name: string, owner: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
  if (found.rowCount !== 0) return
  await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${client.escapeIdentifier(owner)}`)
  await client.query(`REVOKE ALL ON DATABASE ${client.escapeIdentifier(name)} FROM PUBLIC`)
}
