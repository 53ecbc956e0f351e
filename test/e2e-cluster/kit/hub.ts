// The installed hub as people and administrators reach it: REST and MCP through its Service, or one replica by its address.
import { randomBytes } from 'node:crypto'
import { waitUntil } from '../../cluster/commands.ts'
import type { Context } from '../context.ts'
import { readContext } from '../context.ts'
import { fetchAt } from './fetch.ts'
import { gatewayPods } from './kube.ts'
import { reachPod } from './reach.ts'
import type { Session, SessionOptions } from './sessions.ts'
import { openSession } from './sessions.ts'

function requireContext(): Context {
  const found = readContext()
  if (!found) throw new Error('The stories run behind `make e2e`, which says where the hub is.')
  return found
}
export const context = requireContext()

export interface Person {
  readonly id: string
  readonly username: string
  readonly key: string
}

/** A request as it is. */
export const fetchHub = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetchAt(context.address)(`${context.url}${path}`, init)

/** @throws with status and problem text unless 2xx */
export async function request<T>(method: string, path: string, body?: unknown, key = context.adminKey): Promise<T> {
  const response = await fetchHub(path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Somebody new: names are never used twice, so that a story can be run again. */
export async function addPerson(name: string): Promise<Person> {
  const username = `${name}-${randomBytes(3).toString('hex')}`
  const { id } = await request<{ id: string }>('POST', '/api/admin/users', { username })
  const { key } = await request<{ key: string }>('POST', `/api/admin/users/${id}/keys`, { name: 'story' })
  return { id, username, key }
}

export const setVariables = (person: Person, variables: Readonly<Record<string, string>>): Promise<void> =>
  request('POST', '/api/user-env-vars', { variables }, person.key)

/** Until the server's tools are known: a first start discovers them. */
export async function waitForTools(person: Person, server: string, timeoutMs = 60_000): Promise<void> {
  await waitUntil(
    `${person.username} sees the tools of ${server}`,
    async () => {
      const { items } = await request<{ items: { server: string }[] }>('GET', '/api/tools', undefined, person.key)
      return items.some((tool) => tool.server === server)
    },
    timeoutMs,
  )
}

const urlOf = (person: Person, path: string): URL => new URL(`${context.url}${path}?key=${person.key}`)

/** A session of the person with one server, whose tools have bare names. */
export const open = (person: Person, server: string, options: SessionOptions = {}): Promise<Session> =>
  openSession(urlOf(person, `/mcp/${server}`), fetchAt(context.address), options)

/** With all servers of the person. */
export const openAll = (person: Person, options: SessionOptions = {}): Promise<Session> =>
  openSession(urlOf(person, '/mcp'), fetchAt(context.address), options)

const REPLICA_PORT = 3000

/** Of the replicas: `host:port`. */
export const replicaAddresses = async (): Promise<string[]> =>
  Promise.all((await gatewayPods()).map((pod) => reachPod(pod, REPLICA_PORT)))

/** With one replica, past the Service. */
export const openAt = (
  address: string,
  person: Person,
  server: string,
  options: SessionOptions = {},
): Promise<Session> => openSession(urlOf(person, `/mcp/${server}`), fetchAt(address), options)

/** One session over several replicas: which one a request goes to is chosen by its method and body. */
export const openAcross = (
  choose: (method: string, body: string) => string,
  person: Person,
  server: string,
  options: SessionOptions = {},
): Promise<Session> => {
  const reach = ((url: string, init: RequestInit = {}) => {
    const body = typeof init.body === 'string' ? init.body : ''
    return fetchAt(choose(init.method ?? 'GET', body))(url, init)
  }) as typeof fetch
  return openSession(urlOf(person, `/mcp/${server}`), reach, options)
}
