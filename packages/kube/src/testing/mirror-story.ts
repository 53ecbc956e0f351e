// The mirror operator at work, and the whole story of one source: what the suites of perturbations tell again and again, on the fake API server and on
// a real one, while something else goes wrong each time.
import { expect, vi } from 'vitest'
import { KubeClient } from '../client.ts'
import type { KubeHttp } from '../http.ts'
import { CONFIG_MAPS } from '../objects.ts'
import type { ReflectorTiming } from '../reflector.ts'
import { Mirror } from './config-map-mirror.ts'

const QUICK: Partial<ReflectorTiming> = { firstBackOffMs: 5, mostBackOffMs: 50, pageSize: 2, shortWatchMs: 20 }

export interface RunningMirror {
  readonly ended: Promise<string>
  /** no goodbye: its sockets close at once */
  kill(): Promise<void>
}

/** @param identity with one it must lead before it works */
export function launchMirror(http: KubeHttp, namespace: string, identity?: string): RunningMirror {
  const client = new KubeClient(http)
  const mirror = new Mirror({ client, namespace, timing: QUICK, ...(identity ? { identity } : {}) })
  const ended = mirror.run()
  return {
    ended,
    kill: async () => {
      await http.destroy()
      mirror.stop()
      await ended.catch(() => undefined)
    },
  }
}

export const AFTER_CREATE = ['a one done', 'a-0 one', 'a-1 one', 'a-2 one']
export const AFTER_CHANGE = ['a two done', 'a-0 two', 'a-1 two']

interface MirrorStoryOptions {
  /** whose client: the user's, not the operator's */
  readonly client: () => KubeClient
  readonly namespace: string
  /** the config maps there are now, in any order */
  readonly list: () => Iterable<object>
}

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly annotations?: object }
  readonly data: { readonly text: string }
}

export class MirrorStory {
  readonly #options: MirrorStoryOptions

  constructor(options: MirrorStoryOptions) {
    this.#options = options
  }

  ref(name: string): { namespace: string; name: string } {
    return { namespace: this.#options.namespace, name }
  }

  create(name: string): Promise<unknown> {
    const metadata = { ...this.ref(name), labels: { mirror: 'source' } }
    return this.#options.client().create(CONFIG_MAPS, { metadata, data: { copies: '3', text: 'one' } })
  }

  change(name: string): Promise<unknown> {
    const body = { data: { copies: '2', text: 'two' } }
    return this.#options.client().patch(CONFIG_MAPS, this.ref(name), { type: 'merge', body })
  }

  remove(name: string): Promise<unknown> {
    return this.#options.client().delete(CONFIG_MAPS, this.ref(name))
  }

  /** `name text`, and `done` where the operator says so; in order */
  world(): string[] {
    return this.#listed()
      .map(({ metadata, data }) => `${metadata.name} ${data.text}${metadata.annotations ? ' done' : ''}`)
      .toSorted()
  }

  reach(wanted: readonly string[]): Promise<void> {
    return vi.waitFor(
      () => {
        expect(this.world()).toEqual(wanted)
        const annotated = this.#listed().find(({ metadata }) => metadata.name === 'a')?.metadata.annotations
        // done says what for
        if (annotated) expect(Object.values(annotated)).toEqual([wanted.length === 4 ? '3 × one' : '2 × two'])
      },
      { timeout: 15_000, interval: 2 },
    )
  }

  /** Three copies, then two of another text, then it goes. Each step waits for the one before. */
  async tell(): Promise<void> {
    await this.create('a')
    await this.reach(AFTER_CREATE)
    await this.change('a')
    await this.reach(AFTER_CHANGE)
    await this.remove('a')
    await this.reach([])
  }

  #listed(): ConfigMap[] {
    return [...this.#options.list()] as ConfigMap[]
  }
}
