// What the hub says of a manifest while it is typed: its faults, or what it would mean for whom. Asked when nothing has been typed for a moment;
// kept nowhere, since a manifest may hold what nobody else should read.
import type { RouteBodyInput, RouteResponse } from '@mcphub/api'
import { useEffect, useState } from 'react'
import { call } from '../../../lib/api/client.ts'
import type { Kind } from '../components/kind.ts'

export type Checked = RouteResponse<'checkManifest'>
export type ManifestFault = Checked['faults'][number]
export type Effect = NonNullable<Checked['effect']>

export interface Check {
  /** of the text as it is now; null: on its way, or not to be had */
  readonly checked: Checked | null
  /** what was known last, to be shown until there is more */
  readonly faults: readonly ManifestFault[]
  readonly error: unknown
  readonly retry: () => void
}

const TYPING_MS = 300
interface Answer extends Omit<Check, 'retry'> {
  /** null: none yet */
  readonly yaml: string | null
}

const NOTHING: Answer = { checked: null, faults: [], error: null, yaml: null }
const EMPTY: Checked = {
  faults: [
    { line: 1, path: null, message: 'There is no document', said: [{ code: 'manifest.noDocument', params: {} }] },
  ],
  normalised: null,
  effect: null,
}

/** `name`: it must keep; null: it is still to be given. */
export function useCheck(yaml: string, kind: Kind, name: string | null): Check {
  const [answer, setAnswer] = useState<Answer>(NOTHING)
  const [tries, setTries] = useState(0)
  const retry = (): void => setTries((before) => before + 1)
  useEffect(() => {
    if (yaml.trim() === '') return undefined
    const abort = new AbortController()
    const timer = window.setTimeout(() => {
      ask({ yaml, wanted: { kind, name } }, abort.signal).then(
        (checked) => setAnswer({ checked, faults: checked.faults, error: null, yaml }),
        (error: unknown) => {
          if (!abort.signal.aborted) setAnswer((before) => ({ ...before, checked: null, error, yaml }))
        },
      )
    }, TYPING_MS)
    return () => {
      window.clearTimeout(timer)
      abort.abort()
    }
  }, [yaml, kind, name, tries])
  if (yaml.trim() === '') return { checked: EMPTY, faults: EMPTY.faults, error: null, retry }
  return answer.yaml === yaml ? { ...answer, retry } : { checked: null, faults: answer.faults, error: null, retry }
}

export function ask(body: RouteBodyInput<'checkManifest'>, signal: AbortSignal): Promise<Checked> {
  return call('checkManifest', { body }, signal)
}
