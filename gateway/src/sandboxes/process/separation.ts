// How well children can be kept apart on this host: each way is really tried at start, the strongest that works is used and said plainly.
import { existsSync, realpathSync } from 'node:fs'
import type { Separation } from '../sandboxes.ts'
import { makeTempFolder, type FolderPaths } from './folders.ts'
import { listSystemFolders } from './jail.ts'
import { MARK_VARIABLE } from './process-tree.ts'
import { removeRecord, tablePath } from './records.ts'
import { removeFolder } from './remove-folder.ts'
import { type Method, startProcess } from './start-process.ts'

export interface SeparationInput {
  readonly paths: FolderPaths
  readonly nodePath: string
  /** for the probe's own child; null when the hub is no root */
  readonly probeUid: number | null
  readonly newId: () => string
  readonly without: readonly Method['kind'][]
}

export interface FoundSeparation {
  readonly method: Method
  readonly separation: Separation
}

const PROBE_MS = 10_000
/** Prints `ok` only when it is who it should be, may write its own folder and sees neither hub process nor hub folder where it must not. */
const PROBE = `
const fs = require('fs'), [hub, run, uid, sealed, folder] = process.argv.slice(1)
const can = (step) => { try { step(); return true } catch { return false } }
const faults = []
if (!can(() => fs.writeFileSync(folder + '/probe', 'x'))) faults.push('its own folder cannot be reached or written')
if (uid !== '' && process.getuid() !== Number(uid)) faults.push('the uid did not change')
if (uid !== '' && process.getgroups().some((group) => group !== Number(uid))) faults.push('groups were kept')
if (can(() => fs.readdirSync(run))) faults.push('the hub folder is readable')
if (can(() => fs.readFileSync('/proc/' + hub + '/environ'))) faults.push('the hub environment is readable')
if (sealed === 'yes' && fs.existsSync(run)) faults.push('the hub folder is visible')
if (sealed === 'yes' && fs.readdirSync('/proc').filter((name) => Number(name) > 0).length > 3) faults.push('processes are visible')
process.stdout.write(faults.length === 0 ? 'ok' : faults.join(', '))
`

/** Runs the probe in the given way. @returns null when it worked, else why not */
async function tryMethod(method: Method, input: SeparationInput): Promise<string | null> {
  const uid = method.kind === 'plain' ? null : input.probeUid
  const folder = makeTempFolder(input.paths, input.newId(), uid)
  try {
    const args = [
      String(process.pid),
      input.paths.run,
      uid === null ? '' : String(uid),
      method.kind === 'jail' ? 'yes' : 'no',
      folder.work,
    ]
    const child = await startProcess({
      method,
      command: [input.nodePath, '-e', PROBE, '--', ...args],
      env: { PATH: '/usr/bin:/bin', [MARK_VARIABLE]: 'probe' },
      folder,
      cwd: folder.work,
      tablePath: tablePath(input.paths.run, 'probe'),
      readable: [input.nodePath.slice(0, input.nodePath.lastIndexOf('/'))],
      uid,
    })
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), PROBE_MS)
    const [output, faults] = await Promise.all([readAll(child.stdout), readAll(child.stderr)])
    clearTimeout(timer)
    return output === 'ok'
      ? null
      : output || faults.trim().split('\n').at(-1)?.slice(0, 200) || 'the probe said nothing'
  } catch (fault) {
    return fault instanceof Error ? fault.message : 'unknown'
  } finally {
    removeRecord(input.paths.run, 'probe')
    await removeFolder(folder.path)
  }
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

function resolverFile(): string | null {
  try {
    return realpathSync('/etc/resolv.conf')
  } catch {
    return null
  }
}

function sayUid(sealed: boolean, reason: string | null): Separation {
  const tail = sealed
    ? 'a private root that shows it only its own folder and processes'
    : `no private root here (${reason}), so command lines of other processes are visible to it`
  return { kind: 'Uid', message: `each user's server runs under a uid of its own, with ${tail}` }
}

async function probeAsRoot(input: SeparationInput, jail: Method | null): Promise<FoundSeparation | string> {
  const jailFault = jail === null ? 'it needs Linux and util-linux' : await tryMethod(jail, input)
  if (jail !== null && jailFault === null) return { method: jail, separation: sayUid(true, null) }
  const uidFault = await tryMethod({ kind: 'uid' }, input)
  return uidFault === null ? { method: { kind: 'uid' }, separation: sayUid(false, jailFault) } : uidFault
}

async function probeAsUser(input: SeparationInput, jail: Method | null): Promise<FoundSeparation | string> {
  if (jail === null) return 'namespaces need Linux and util-linux'
  const fault = await tryMethod(jail, input)
  if (fault !== null) return fault
  const message = "each user's server runs in namespaces of its own that show it only its own folder and processes"
  return { method: jail, separation: { kind: 'Namespaces', message } }
}

export async function findSeparation(input: SeparationInput): Promise<FoundSeparation> {
  const without = new Set(input.without)
  const jail: Method | null =
    process.platform === 'linux' && !without.has('jail')
      ? {
          kind: 'jail',
          system: listSystemFolders(existsSync, resolverFile()),
          mountPoint: input.paths.mount,
          devices: input.paths.devices,
        }
      : null
  const found =
    input.probeUid === null || without.has('uid') ? await probeAsUser(input, jail) : await probeAsRoot(input, jail)
  if (typeof found !== 'string') return found
  const message = `separated by process only: servers of all users run under one uid and could read each other's values (${found})`
  return { method: { kind: 'plain' }, separation: { kind: 'ProcessOnly', message } }
}
