// Tells when the sources of the gateway change, for `make dev`.
import { watch, type FSWatcher } from 'node:fs'
import path from 'node:path'

const FOLDERS = ['gateway/src', 'packages/api/src'] as const
/** editors write a file in several steps, and save several files at once */
const QUIET_MS = 200

export function watchSources(clone: string, onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined
  const later = (_: string, file: string | null): void => {
    if (!file?.endsWith('.ts') || file.endsWith('.test.ts')) return
    clearTimeout(timer)
    timer = setTimeout(onChange, QUIET_MS)
  }
  const watchers: FSWatcher[] = FOLDERS.map((folder) => watch(path.join(clone, folder), { recursive: true }, later))
  return {
    close: () => {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}
