// The stderr of a sandbox as it is written. Where the connection breaks off the browser takes it up again by itself, at the same place.
import type { SandboxLogEvents } from '@mcphub/api'
import { useEffect, useState } from 'react'
import { urlOf } from '../../../lib/api/client.ts'

/** More than the hub holds; nobody reads further up. */
const KEPT = 200_000

export interface SandboxLog {
  /** `over`: the hub refuses it, or knows the sandbox no more */
  readonly connection: 'opening' | 'live' | 'lost' | 'over'
  readonly text: string
  /** what was said before is held no more */
  readonly isCut: boolean
  /** no replica of the hub hears it now */
  readonly isUnheard: boolean
}

const BEGUN: SandboxLog = { connection: 'opening', text: '', isCut: false, isUnheard: false }

/** Of one sandbox, for as long as it is shown. */
export function useSandboxLog(id: string): SandboxLog {
  const [log, setLog] = useState(BEGUN)
  useEffect(() => listen(id, (change) => setLog(change)), [id])
  return log
}

type Change = (change: (before: SandboxLog) => SandboxLog) => void

/** Returns the function that ends it. */
function listen(id: string, change: Change): () => void {
  const source = new EventSource(urlOf('streamSandboxLogs', { params: { id } }))
  const on = <Name extends keyof SandboxLogEvents>(
    name: Name,
    hear: (before: SandboxLog, data: SandboxLogEvents[Name]) => SandboxLog,
  ): void =>
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      const said = JSON.parse(data) as SandboxLogEvents[Name]
      change((before) => hear(before, said))
    })
  on('log', (before, { text }) => ({ ...before, text: (before.text + text).slice(-KEPT), isUnheard: false }))
  on('gap', (before) => ({ ...before, text: '', isCut: true, isUnheard: false }))
  on('unheard', (before) => ({ ...before, isUnheard: true }))
  source.addEventListener('open', () => change((before) => ({ ...before, connection: 'live' })))
  source.addEventListener('error', () => {
    const connection = source.readyState === EventSource.CLOSED ? 'over' : 'lost'
    change((before) => ({ ...before, connection }))
  })
  return () => source.close()
}
