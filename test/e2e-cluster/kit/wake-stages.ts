// Where the time of a first call goes, as somebody beside it sees: the API server's watch tells of the pod, a gateway's log of the child.
import { KubeClient, KubeHttp, PODS, readKubeconfig } from '../../../packages/kube/src/index.ts'
import { waitUntil } from '../../cluster/commands.ts'
import { HUB, SANDBOXES } from '../settings.ts'
import { percentile, recordFigure } from './figures.ts'
import { cluster, gatewayPods, kubectl } from './kube.ts'

/** Milliseconds. */
export interface WakeStages {
  /** call → the sandbox has a pod, made or taken from the pool */
  readonly pod: number
  /** → a node has it */
  readonly scheduled: number
  /** → runtime, shim, call-home and start frame are done: the program runs */
  readonly program: number
  /** → the first result */
  readonly result: number
}

interface Seen {
  readonly made: number
  readonly scheduled: number
}

interface WatchedPod {
  readonly metadata: { readonly uid: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: { readonly nodeName?: string }
}

/** When each pod of the server's sandboxes was first seen, in ms since 1970. Until it is stopped. */
async function watchPods(server: string): Promise<{ seen: Map<string, Seen>; stop: () => Promise<void> }> {
  const http = new KubeHttp({ credentials: await readKubeconfig(cluster.kubeconfig), userAgent: 'wake-stages/1' })
  const kube = new KubeClient(http)
  const query = { namespace: SANDBOXES, labelSelector: `mcphub.io/server=${server},mcphub.io/sandbox` }
  const { resourceVersion } = await kube.listPage(PODS, query)
  const seen = new Map<string, Seen>()
  const watching = new AbortController()
  const note = (pod: WatchedPod): void => {
    const now = Date.now()
    const { made = now, scheduled = Number.NaN } = seen.get(pod.metadata.uid) ?? {}
    const isScheduled = !Number.isNaN(scheduled)
    seen.set(pod.metadata.uid, { made, scheduled: isScheduled || !pod.spec?.nodeName ? scheduled : now })
  }
  const ended = (async () => {
    const events = kube.watch(PODS, { ...query, resourceVersion, timeoutSeconds: 600, signal: watching.signal })
    for await (const { object } of events) note(object as unknown as WatchedPod)
  })().catch((error: unknown) => {
    if (!watching.signal.aborted) throw error
  })
  return {
    seen,
    stop: async () => {
      watching.abort()
      await ended
      await http.destroy()
    },
  }
}

interface Span {
  readonly start: number
  readonly end: number
}

/** When gateways started children of the server's since then. */
async function readStarts(server: string, since: number): Promise<number[]> {
  const from = `--since-time=${new Date(since - 1000).toISOString()}`
  const names = (await gatewayPods()).map(({ metadata }) => metadata.name)
  const texts = await Promise.all(names.map((name) => kubectl('-n', HUB, 'logs', name, from)))
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.includes('"sandbox started"') && line.includes(`"${server}"`))
    .map((line) => Date.parse((JSON.parse(line) as { time: string }).time))
}

export interface WakeWatch {
  /** Milliseconds that the first call took. */
  time(call: () => Promise<unknown>): Promise<number>
  /** Ends the watch. @returns every call that was timed, cut into its stages */
  finish(): Promise<WakeStages[]>
}

/** Before the first wake of this server is timed. */
export async function watchWakes(server: string): Promise<WakeWatch> {
  const { seen, stop } = await watchPods(server)
  const spans: Span[] = []
  // a newcomer's session looks for tools of his own, and may take the pod some milliseconds before the call; and the watch may tell of a pod after
  // the answer: who is answered in a tenth of a second reads that first. What lies nearest to the call is its own
  const nearest = <T>(things: readonly T[], timeOf: (thing: T) => number, at: number): T | undefined => {
    const start = spans[at]?.start ?? Number.NaN
    const isOf = (time: number): boolean =>
      time >= (spans[at - 1]?.end ?? 0) && time < (spans[at + 1]?.start ?? Infinity)
    const far = (thing: T): number => Math.abs(timeOf(thing) - start)
    return things.filter((thing) => isOf(timeOf(thing))).toSorted((a, b) => far(a) - far(b))[0]
  }
  const findPod = (at: number): Seen | undefined => nearest([...seen.values()], ({ made }) => made, at)
  const cut = (span: Span, at: number, starts: readonly number[]): WakeStages => {
    const { start, end } = span
    const pod = findPod(at)
    const started = nearest(starts, (time) => time, at)
    if (!pod || started === undefined) {
      const known = JSON.stringify({ spans, pods: [...seen.values()], starts })
      throw new Error(`Wake ${at} of ${server} was not seen: pod ${JSON.stringify(pod)}, child ${started}; ${known}`)
    }
    const [made, scheduled, program] = [pod.made, Number.isNaN(pod.scheduled) ? started : pod.scheduled, started].map(
      (time) => Math.max(start, Math.min(time, started)),
    ) as [number, number, number]
    return { pod: made - start, scheduled: scheduled - made, program: program - scheduled, result: end - program }
  }
  return {
    time: async (call) => {
      const start = Date.now()
      await call()
      const end = Date.now()
      spans.push({ start, end })
      return end - start
    },
    finish: async () => {
      await waitUntil(
        'the watch told of every wake',
        () => Promise.resolve(spans.every((_, at) => findPod(at))),
        5000,
      ).catch(() => undefined) // cut says which
      await stop()
      const starts = await readStarts(server, spans[0]?.start ?? Date.now())
      return spans.map((span, at) => cut(span, at, starts))
    },
  }
}

/** The median of each stage, for the report. */
export function recordStages(what: string, wakes: readonly WakeStages[]): void {
  for (const stage of ['pod', 'scheduled', 'program', 'result'] as const) {
    const times = wakes.map((wake) => wake[stage])
    recordFigure({ name: `${what}, stage ${stage}, p50`, value: percentile(times, 0.5), unit: 'ms' })
  }
}
