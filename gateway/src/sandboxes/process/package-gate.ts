// What must be installed before a server can start. Nothing is installed here: packages come beforehand.
import { HubError } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Packages, PackageState } from '../../packages/packages.ts'

export interface ReadyPackage {
  readonly command: readonly string[]
  readonly folder: string
}

/** The package's command, or null while it is being installed. @throws HubError when waiting would not help */
function settle(server: CatalogServer, state: PackageState): ReadyPackage | null {
  if (state.state === 'Ready') return state
  if (state.state === 'Installing') return null
  if (state.state === 'Absent')
    throw new HubError('server_unavailable', `the package of ${server.name} is not installed yet`)
  throw new HubError('server_unavailable', `the package of ${server.name} could not be installed: ${state.message}`)
}

/** Waits while the package is being installed. @throws HubError `server_unavailable` */
export function waitForPackage(
  packages: Packages,
  server: CatalogServer,
  { onProgress, signal }: { readonly onProgress: (message: string) => void; readonly signal: AbortSignal },
): Promise<ReadyPackage> {
  const spec = server.spec.stdio?.package
  if (spec === undefined) {
    const message = `${server.name} names no package; a server from an image runs only in a cluster`
    return Promise.reject(new HubError('server_unavailable', message))
  }
  return new Promise((resolve, reject) => {
    const stop = packages.onChange(() => look())
    const finish = (step: () => void): void => {
      stop()
      signal.removeEventListener('abort', abort)
      step()
    }
    const abort = (): void => finish(() => reject(new HubError('server_unavailable', 'the start was stopped')))
    const look = (): void => {
      try {
        const state = packages.state(spec)
        const ready = settle(server, state)
        if (ready !== null) finish(() => resolve(ready))
        else if (state.state === 'Installing') onProgress(state.message)
      } catch (fault) {
        finish(() => reject(fault instanceof Error ? fault : new Error('unknown')))
      }
    }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    else look()
  })
}
