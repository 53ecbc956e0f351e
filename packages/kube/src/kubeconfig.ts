// Credentials of a kubeconfig file: its current context, with a client certificate or a token, each inline or as a file. What a person's
// kubeconfig may hold beyond that (exec plugins, passwords, proxies) is refused by name, not passed over.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { WatchedFile, type Credentials, type Identity, type TlsMaterial } from './credentials.ts'

const UNSUPPORTED = ['exec', 'auth-provider', 'username', 'password', 'as', 'as-groups', 'proxy-url']

type Fields = Readonly<Record<string, unknown>>

/** The path and, if wanted, another context than the current one. @throws with what is missing or not supported */
export async function readKubeconfig(path: string, context?: string): Promise<Credentials> {
  const document = fieldsOf(parse(await readFile(path, 'utf8')), path)
  const wanted = context ?? textOf(document, 'current-context')
  if (!wanted) throw new Error(`${path} names no current-context`)
  const chosen = findNamed(document, 'contexts', 'context', wanted)
  const cluster = findNamed(document, 'clusters', 'cluster', textOf(chosen, 'cluster') ?? '')
  const user = findNamed(document, 'users', 'user', textOf(chosen, 'user') ?? '')
  for (const name of UNSUPPORTED) {
    if (user[name] !== undefined || cluster[name] !== undefined)
      throw new Error(`${path}: "${name}" is not supported; use a token or a client certificate`)
  }
  const server = textOf(cluster, 'server')
  if (!server) throw new Error(`${path}: the cluster of context ${wanted} has no server`)
  return {
    server: server.replace(/\/+$/, ''),
    namespace: textOf(chosen, 'namespace') ?? 'default',
    read: identityReader(dirname(path), cluster, user),
  }
}

function identityReader(folder: string, cluster: Fields, user: Fields): Credentials['read'] {
  const token = openMaterial(folder, { inline: textOf(user, 'token'), file: textOf(user, 'tokenFile') })
  const pem = (fields: Fields, name: string): ((fresh: boolean) => Promise<string | null>) =>
    openMaterial(folder, { inline: decode(textOf(fields, `${name}-data`)), file: textOf(fields, name) })
  const ca = pem(cluster, 'certificate-authority')
  const cert = pem(user, 'client-certificate')
  const key = pem(user, 'client-key')
  const verify = cluster['insecure-skip-tls-verify'] !== true
  const serverName = textOf(cluster, 'tls-server-name') ?? null
  let held: TlsMaterial | null = null

  return async ({ fresh = false } = {}): Promise<Identity> => {
    const tls = { ca: await ca(fresh), cert: await cert(fresh), key: await key(fresh), verify, serverName }
    if (held?.ca !== tls.ca || held.cert !== tls.cert || held.key !== tls.key) held = tls
    return { token: (await token(fresh))?.trim() ?? null, tls: held }
  }
}

interface Source {
  readonly inline: string | undefined
  readonly file: string | undefined
}

function openMaterial(folder: string, { inline, file }: Source): (fresh: boolean) => Promise<string | null> {
  if (inline !== undefined) return () => Promise.resolve(inline)
  if (file === undefined) return () => Promise.resolve(null)
  const watched = new WatchedFile(resolve(folder, file))
  return (fresh) => watched.read(fresh)
}

function findNamed(document: Fields, list: string, member: string, name: string): Fields {
  const entries = document[list]
  const found = Array.isArray(entries)
    ? entries.map((entry) => fieldsOf(entry, list)).find((entry) => entry['name'] === name)
    : undefined
  if (!found) throw new Error(`the kubeconfig has no entry "${name}" in ${list}`)
  return fieldsOf(found[member], `${list}: ${name}`)
}

function fieldsOf(value: unknown, what: string): Fields {
  if (value === null || typeof value !== 'object') throw new Error(`${what} is no map of fields`)
  return value as Fields
}

function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const decode = (base64: string | undefined): string | undefined =>
  base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8')
