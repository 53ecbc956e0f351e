// Files that hold {url, key}: found, judged, written with mode 0600. A key is sent only to the hub its file names.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { HUB_KEY } from '@mcphub/api'
import { z } from 'zod'
import { isLoopback, parseHubUrl } from './hub-url.ts'

const content = z.looseObject({ url: z.string(), key: z.string().regex(HUB_KEY) })

export interface Credentials {
  readonly file: string
  readonly url: URL
  readonly key: string
}

export interface CredentialsFile {
  readonly file: string
  /** permission bits; null: no such file */
  readonly mode: number | null
  readonly mine: boolean
  readonly credentials: Credentials | null
  /** why it is not used although it is there */
  readonly refusal: string | null
}

/** What can be said of one file; never throws, never repeats what stands in it. */
export function inspectCredentials(file: string, place: 'home' | 'folder'): CredentialsFile {
  const absent = { file, mode: null, mine: true, credentials: null, refusal: null }
  let mode: number
  let mine: boolean
  let text: string
  try {
    const stat = statSync(file)
    mode = stat.mode & 0o777
    mine = process.getuid === undefined || stat.uid === process.getuid()
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code
    return missing === 'ENOENT' || missing === 'ENOTDIR' ? absent : { ...absent, refusal: 'it cannot be read' }
  }
  const credentials = parseCredentials(file, text)
  const refusal = credentials ? refuse(credentials, { place, mine, mode }) : 'it does not hold {"url", "key"} of a hub'
  return { file, mode, mine, credentials: refusal ? null : credentials, refusal }
}

function parseCredentials(file: string, text: string): Credentials | null {
  try {
    const { url, key } = content.parse(JSON.parse(text))
    return { file, url: parseHubUrl(url), key }
  } catch {
    return null
  }
}

/** A folder may come from anybody: what lies there may lead only to this machine, else it could draw secrets to a stranger's hub. */
function refuse(found: Credentials, facts: { place: string; mine: boolean; mode: number }): string | null {
  if (!facts.mine) return 'it belongs to another account'
  if (facts.mode & 0o022) return 'others may write to it'
  if (facts.place === 'folder' && !isLoopback(found.url))
    return 'a file in a project folder may name a hub on this machine only'
  return null
}

/** Replaces the file as a whole; a reader sees the old or the new one. */
export function writeCredentials(file: string, url: URL, key: string): void {
  const folder = path.dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.tmp`
  rmSync(draft, { force: true })
  writeFileSync(draft, `${JSON.stringify({ url: url.href.replace(/\/$/, ''), key }, null, 2)}\n`, {
    mode: 0o600,
    flag: 'wx',
  })
  chmodSync(draft, 0o600)
  renameSync(draft, file)
}

/** True when there was one. */
export function removeCredentials(file: string): boolean {
  try {
    rmSync(file)
    return true
  } catch {
    return false
  }
}
