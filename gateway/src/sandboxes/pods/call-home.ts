// Whether a pod is who it says it is (sandbox/PROTOCOL.md §1): its token by TokenReview, its UID, label and address by the watch.
import { isReason, KubeError, type KubeClient, type Stored } from '@mcphub/kube'
import { z } from 'zod'
import type { PodView } from './resources.ts'
import { TOKEN_REVIEWS } from './resources.ts'
import type { ShimDirectory } from './shim-directory.ts'

const AUDIENCE = 'mcphub-gateway'
const POD_NAME = 'authentication.kubernetes.io/pod-name'
const POD_UID = 'authentication.kubernetes.io/pod-uid'
const CACHE_WAIT_MS = 2_000

const bodySchema = z.object({
  version: z.literal(1),
  podName: z.string().min(1).max(253),
  podUid: z.string().min(1).max(64),
  port: z.int().min(1).max(65_535),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
})
type CallHomeBody = z.infer<typeof bodySchema>

export interface CallHomeDeps {
  /** for token reviews alone: callers must not be able to keep other requests waiting */
  readonly reviewer: KubeClient
  /** of the sandboxes */
  readonly namespace: string
  readonly pods: PodCache
  readonly directory: Pick<ShimDirectory, 'find' | 'register'>
  readonly cacheWaitMs?: number
}

/** The watch over our pods. */
export interface PodCache {
  findPod(uid: string): PodView | undefined
  /** Called after every change of any pod. */
  onPod(listener: () => void): () => void
}

export interface Call {
  readonly token: string
  /** as it came */
  readonly body: unknown
  /** the address it came from */
  readonly address: string
  readonly signal: AbortSignal
}

/** `why` is for the log and holds nothing of the token. */
export type Verdict =
  | { readonly status: 204 }
  | { readonly status: 400 | 401 | 403 | 409 | 410 | 503; readonly why: string }

/** Decides by what costs least first: a token of a pod that is not there, or is known already, is not shown to the API server. Writes down what is believed. @throws HubError, KubeError when the database or the API server is away */
export async function answerCallHome(deps: CallHomeDeps, call: Call): Promise<Verdict> {
  const parsed = bodySchema.safeParse(call.body)
  if (!parsed.success) return { status: 400, why: 'the body is not a call-home of version 1' }
  const body = parsed.data
  const pod = await waitForPod(deps, body.podUid, call.signal)
  if (pod === undefined) return { status: 503, why: 'no pod of ours has this UID and an address yet' }
  const misfit = checkPod(pod, body, call.address)
  if (misfit !== null) return { status: 403, why: misfit }
  if (pod.metadata.deletionTimestamp !== undefined) return GOING
  const { podUid, podName, fingerprint, port } = body
  const known = deps.directory.find(podUid)
  if (known !== undefined) return known.fingerprint === fingerprint && known.port === port ? { status: 204 } : OTHER
  const refusal = await reviewToken(deps, call, body)
  if (refusal !== null) return { status: 401, why: refusal }
  if (await deps.directory.register({ podUid, podName, fingerprint, port })) return { status: 204 }
  return OTHER
}

/** Told to the pod itself alone: a shim that was asked to end before it could hear learns it here. */
const GOING: Verdict = { status: 410, why: 'the pod is being deleted' }
const OTHER: Verdict = { status: 409, why: 'this pod has called with another certificate before' }

interface ReviewStatus {
  readonly authenticated?: boolean
  readonly audiences?: readonly string[]
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> }
}

interface TokenReview extends Stored {
  readonly status?: ReviewStatus
}

/** Null: the token is this pod's. */
async function reviewToken(
  { reviewer, namespace }: CallHomeDeps,
  { token, signal }: Call,
  body: CallHomeBody,
): Promise<string | null> {
  const review = { metadata: { name: 'call-home' }, spec: { token, audiences: [AUDIENCE] } }
  const { status } = await reviewer.create<TokenReview>(TOKEN_REVIEWS, review, { signal }).catch(unlessMalformed)
  return status === undefined ? 'the token is no valid one' : judgeReview(status, namespace, body)
}

function judgeReview(status: ReviewStatus, namespace: string, body: CallHomeBody): string | null {
  const { authenticated, audiences, user } = status
  if (authenticated !== true || user === undefined) return 'the token is no valid one'
  if (!audiences?.includes(AUDIENCE)) return 'the token is meant for others'
  if (!user.username?.startsWith(`system:serviceaccount:${namespace}:`)) return 'the token is not from the sandboxes'
  return isOfPod(user, body) ? null : "the token is another pod's"
}

const isOfPod = ({ extra = {} }: NonNullable<ReviewStatus['user']>, { podName, podUid }: CallHomeBody): boolean =>
  extra[POD_UID]?.[0] === podUid && extra[POD_NAME]?.[0] === podName

/** What the API server refuses to look at is no token. */
function unlessMalformed(error: unknown): Partial<TokenReview> {
  if (isReason(error, 'BadRequest', 'Invalid')) return {}
  throw error instanceof KubeError ? error : new Error('a token could not be reviewed', { cause: error })
}

/** A pod may call before the watch has told of it, or of its address. */
async function waitForPod(deps: CallHomeDeps, uid: string, signal: AbortSignal): Promise<PodView | undefined> {
  const look = (): PodView | undefined => {
    const pod = deps.pods.findPod(uid)
    return pod !== undefined && pod.addresses.length > 0 ? pod : undefined
  }
  if (look() !== undefined) return look()
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      stop()
      signal.removeEventListener('abort', finish)
      resolve(look())
    }
    const timer = setTimeout(finish, deps.cacheWaitMs ?? CACHE_WAIT_MS)
    const stop = deps.pods.onPod(() => look() !== undefined && finish())
    signal.addEventListener('abort', finish)
  })
}

function checkPod(pod: PodView, { podName }: CallHomeBody, address: string): string | null {
  if (pod.metadata.name !== podName) return 'the pod has another name'
  return pod.addresses.includes(address) ? null : 'it comes from an address that is not the pod’s'
}
