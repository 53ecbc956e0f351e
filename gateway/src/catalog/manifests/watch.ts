// Tells soon when something below some folders changes. Only a hint: events are lost on some file systems, so its user also looks by itself.
import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'

/** Begins the name of what a writer makes and removes only to see whether it may: it changes nothing. */
export const TRIAL_PREFIX = '.mcphub-'

export class FolderWatch {
  readonly #onHint: () => void
  #watchers: FSWatcher[] = []

  constructor(onHint: () => void) {
    this.#onHint = onHint
  }

  /** Watches exactly these folders from now on; a folder replaced by one of the same name is watched anew. */
  renew(folders: readonly string[]): void {
    this.close()
    this.#watchers = folders.flatMap((folder) => this.#open(folder) ?? [])
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = []
  }

  /** null where the host has no watch left to give (inotify limits) or the folder has just gone. */
  #open(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name?.startsWith(TRIAL_PREFIX) !== true) this.#onHint()
      })
      watcher.on('error', () => watcher.close())
      return watcher
    } catch {
      return null
    }
  }
}
