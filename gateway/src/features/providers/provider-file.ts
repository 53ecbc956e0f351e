// MCPHUB_LOGIN_FILE: the providers of the hub's configuration, a list in YAML or JSON. Whatever is wrong with it is named with its place and the
// fix, all faults at once; secrets lie in files of their own and are never repeated.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  type FieldFault,
  type ProviderConfig,
  presentFaults,
  providerConfig,
  providerId,
  providerSecret,
} from '@mcphub/api'
import { parse } from 'yaml'
import { Secret } from '../../secrets/secret.ts'
import type { ProviderSetting } from './provider-settings.ts'

const FIELD = 'MCPHUB_LOGIN_FILE'
const MOST_PROVIDERS = 32

/** What is right of it; `faults` grows by what is not. */
export function readProviderFile(file: string, faults: FieldFault[]): readonly ProviderSetting[] {
  const say = (message: string): readonly ProviderSetting[] => {
    faults.push({ field: FIELD, message })
    return []
  }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return say(`${file} cannot be read; name a readable file with a list of providers, or leave the variable out`)
  }
  const items = parseList(text)
  if (typeof items === 'string') return say(items)
  if (items.length > MOST_PROVIDERS) return say(`has ${items.length} providers; ${MOST_PROVIDERS} are the most`)
  const seen = new Set<string>()
  return items.flatMap((item, at) => {
    const place = (field: string): string => `${FIELD} [${at}]${field === '' ? '' : `.${field}`}`
    const setting = readItem(item, path.dirname(file), (field, message) =>
      faults.push({ field: place(field), message }),
    )
    if (setting === null) return []
    if (seen.has(setting.id)) faults.push({ field: place('id'), message: `"${setting.id}" is there twice; rename one` })
    seen.add(setting.id)
    return [setting]
  })
}

/** A text: what is wrong. */
function parseList(text: string): readonly unknown[] | string {
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    const line = (error as { linePos?: readonly { line: number }[] }).linePos?.[0]?.line
    return `is no YAML${line === undefined ? '' : `, see line ${line}`}; it is to be a list of providers`
  }
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? value : 'is to be a list: each provider begins with "- id: …"'
}

type Say = (field: string, message: string) => void

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readItem(item: unknown, folder: string, say: Say): ProviderSetting | null {
  if (!isObject(item)) {
    say('', 'is to be an object with id, kind, label, clientId …')
    return null
  }
  const { id: named, clientSecret, clientSecretFile, ...rest } = item
  const isPlain = clientSecret === undefined
  if (!isPlain) say('clientSecret', 'Put the secret into a file of its own and name it: clientSecretFile')
  const id = readId(named, say)
  const config = readConfig({ label: id ?? 'provider', ...rest }, say)
  const secret = readSecret(clientSecretFile, { folder, isNeeded: config?.kind === 'github' }, say)
  if (id === null || config === null || secret === undefined || !isPlain) return null
  return { ...config, id, secret, source: 'config' }
}

function readId(id: unknown, say: Say): string | null {
  const parsed = providerId.safeParse(id)
  if (parsed.success) return parsed.data
  say('id', id === undefined ? 'Required: a short name such as "github"' : 'Use a-z, 0-9 and -, 40 at most')
  return null
}

function readConfig(item: object, say: Say): ProviderConfig | null {
  const parsed = providerConfig.safeParse(item)
  if (parsed.success) return parsed.data
  for (const { field, message } of presentFaults(parsed.error)) say(field === '(root)' ? '' : field, message)
  return null
}

/** undefined: it is wanted, or named, and cannot be used. Relative paths begin at the list's own folder. */
function readSecret(
  file: unknown,
  { folder, isNeeded }: { readonly folder: string; readonly isNeeded: boolean },
  say: Say,
): Secret | null | undefined {
  const refuse = (message: string): undefined => {
    say('clientSecretFile', message)
    return undefined
  }
  if (file === undefined || file === null)
    return isNeeded ? refuse('Required: the file with the client secret of the OAuth app') : null
  if (typeof file !== 'string' || file === '') return refuse('Give the path of a file')
  let text: string
  try {
    text = readFileSync(path.resolve(folder, file), 'utf8').trim()
  } catch {
    return refuse(`${file} cannot be read; put the client secret there, for the hub alone (mode 0400)`)
  }
  if (providerSecret.safeParse(text).success) return new Secret(text)
  return refuse(`${file} is empty or too long; put the client secret there`)
}
