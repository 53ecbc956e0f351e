// One cycle of a sandbox: created and woken by a call, asked, asleep by itself, perhaps woken again, deleted. And the random kills meanwhile, which the
// same seed chooses again.
import { createHmac, randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../../generative/random.ts'
import type { Person } from './hub.ts'
import { addPerson, openAll, setVariables } from './hub.ts'
import { gatewayPods, inHub, inSandboxes, operatorPods } from './kube.ts'
import type { Ledger, PodRecord } from './ledger.ts'
import type { Outcomes, Secrets } from './outcomes.ts'
import type { Session } from './sessions.ts'

export const VICTIMS = ['gateway', 'operator', 'pod', 'child'] as const
export type Victim = (typeof VICTIMS)[number]

/** of a hundred cycles */
const SHARES: Readonly<Record<Victim, number>> = { gateway: 2, operator: 1, pod: 8, child: 8 }
/** one call may fail and be made again for so long */
const PATIENCE_MS = 120_000
/** the hub itself answers after 45 s */
const CALL_MS = 50_000
const PAUSE_MS = 200
const FORCE = ['--grace-period=0', '--force', '--wait=false', '--ignore-not-found']

/** Which cycle kills what: each at least once. */
export function planKills(cycles: number, random: Random): Map<number, Victim> {
  const plan = new Map<number, Victim>()
  for (const victim of VICTIMS) {
    const count = Math.max(1, Math.round((SHARES[victim] * cycles) / 100))
    for (let left = Math.min(count, cycles - plan.size); left > 0;) {
      const cycle = random.below(cycles)
      if (plan.has(cycle)) continue
      plan.set(cycle, victim)
      left--
    }
  }
  return plan
}

/** A person with an editor of each generation. */
export interface Worker extends Secrets {
  readonly person: Person
  readonly secret: string
  readonly token: string
  readonly editors: readonly [Session, Session]
}

export async function addWorker(name: string): Promise<Worker> {
  const person = await addPerson(name)
  const [secret, token] = [`secret-${randomBytes(12).toString('hex')}`, `token-${randomBytes(12).toString('hex')}`]
  await setVariables(person, { USER_STORY_SECRET: secret, USER_STORY_TOKEN: token })
  const editors = [await openAll(person), await openAll(person, { sdk: '2.4' })] as const
  return { who: person.username, canaries: [secret, token, person.key], person, secret, token, editors }
}

export interface CycleDeps {
  readonly ledger: Ledger
  readonly outcomes: Outcomes
  readonly servers: readonly string[]
  readonly random: Random
}

interface Asked {
  readonly worker: Worker
  readonly server: string
}

export class Cycles {
  /** what was killed, by kind */
  readonly kills = new Map<Victim, number>()
  /** answers that were not the right ones */
  readonly wrong: string[] = []
  /** how long a person waited for the first answer of a cycle, in ms */
  readonly wakes: number[] = []
  /** pods that nothing is to kill */
  readonly spared = new Set<string>()
  readonly #deps: CycleDeps

  constructor(deps: CycleDeps) {
    this.#deps = deps
  }

  /** @throws when a pod or sandbox does not go, or a call is not answered however often it is made */
  async run(worker: Worker, victim: Victim | undefined): Promise<void> {
    const { servers, random } = this.#deps
    const asked = { worker, server: random.pick(servers) }
    const again = random.chance(0.2)
    await this.#use(asked, victim)
    const sandbox = await this.#fallAsleep(asked)
    if (again) await this.#use(asked, undefined)
    await this.#delete(again ? await this.#sandboxOf(asked) : sandbox)
  }

  /** Both editors at once: they meet one program, which knows this person's secret and no other. */
  async #use(asked: Asked, victim: Victim | undefined): Promise<void> {
    const { worker } = asked
    const began = performance.now()
    const nonce = async (editor: Session): Promise<void> => {
      const challenge = randomBytes(8).toString('hex')
      const wanted = createHmac('sha256', worker.secret).update(challenge).digest('hex')
      this.#check(asked, await this.#ask(asked, { editor, tool: 'nonce', args: { challenge } }), wanted)
    }
    await Promise.all(worker.editors.map(nonce))
    this.wakes.push(performance.now() - began)
    if (victim) await this.#kill(asked, victim)
    const [editor] = worker.editors
    const environment = await this.#ask(asked, { editor, tool: 'env', args: {} })
    const { SERVER_SECRET, SERVER_TOKEN } = JSON.parse(environment) as Record<string, string>
    this.#check(asked, `${SERVER_SECRET} ${SERVER_TOKEN}`, `${worker.secret} ${worker.token}`)
    await this.#count(asked)
  }

  /** Calls in a row count up by one: none is made twice. */
  async #count(asked: Asked): Promise<void> {
    let before = 0
    for (const editor of [...asked.worker.editors, asked.worker.editors[0]]) {
      const failures = { count: 0 }
      const count = Number(await this.#ask(asked, { editor, tool: 'count', args: {}, failures }))
      // what failed may have been counted; in a new child it begins anew
      const isNext = count > before && count <= before + 1 + failures.count
      const isAnew = before > 0 && count <= 1 + failures.count
      if (before > 0 && !isNext && !isAnew)
        this.wrong.push(`${asked.worker.who}: counted ${count} after ${before}, ${failures.count} failed`)
      before = count
    }
  }

  async #kill(asked: Asked, victim: Victim): Promise<void> {
    const { outcomes, random } = this.#deps
    const [editor] = asked.worker.editors
    const began = performance.now()
    if (victim === 'child') {
      // it cannot answer this one
      await editor.call(`${asked.server}__crash`, {}, { timeoutMs: CALL_MS }).then(
        (text) => this.wrong.push(`${asked.worker.who}: a dead child said ${text}`),
        (error: unknown) => outcomes.noteFailure(asked.worker.who, error, began),
      )
    } else if (victim === 'pod') {
      const { pod } = await this.#whereIs(asked)
      const late = this.#ask(asked, { editor, tool: 'slow', args: { ms: 300 } })
      await inSandboxes('delete', 'pod', pod, ...FORCE)
      await late
    } else {
      const all = victim === 'gateway' ? await gatewayPods() : await operatorPods()
      const pods = all.filter(({ metadata }) => !this.spared.has(metadata.name))
      if (victim === 'gateway') outcomes.gatewayKilled()
      if (pods.length > 0) await inHub('delete', 'pod', random.pick(pods).metadata.name, ...FORCE)
    }
    this.kills.set(victim, (this.kills.get(victim) ?? 0) + 1)
  }

  /** Its UID and name, once nothing of it runs. */
  async #fallAsleep(asked: Asked): Promise<NonNullable<PodRecord['owner']>> {
    const sandbox = await this.#sandboxOf(asked)
    const { ledger } = this.#deps
    const isAsleep = (): boolean => ledger.podsOf(sandbox.uid).length === 0
    await ledger.until(`${sandbox.name} is asleep`, isAsleep, PATIENCE_MS)
    return sandbox
  }

  async #delete({ name, uid }: NonNullable<PodRecord['owner']>): Promise<void> {
    const { ledger } = this.#deps
    await inSandboxes('delete', 'mcpsandbox', name, '--wait=false', '--ignore-not-found')
    const isGone = (): boolean => !ledger.isSandboxThere(uid) && ledger.podsOf(uid).length === 0
    await ledger.until(`${name} and its pods are gone`, isGone, PATIENCE_MS)
  }

  async #sandboxOf(asked: Asked): Promise<NonNullable<PodRecord['owner']>> {
    const { ledger } = this.#deps
    for (let tries = 1; ; tries++) {
      const { pod } = await this.#whereIs(asked)
      const ownerOf = (): PodRecord['owner'] => ledger.findPod(pod)?.owner ?? null
      try {
        // an answer may be faster than the watch
        await ledger.until(`the watch tells of ${pod}`, () => ownerOf()?.kind === 'McpSandbox', 3000)
        return ownerOf()!
      } catch (error) {
        // somebody may have killed the pod after its answer
        if (tries === 5) throw error
      }
    }
  }

  async #whereIs(asked: Asked): Promise<{ pod: string }> {
    const [editor] = asked.worker.editors
    return JSON.parse(await this.#ask(asked, { editor, tool: 'whoami', args: {} })) as { pod: string }
  }

  /** Made again until it is answered, as a person would; what fails is noted with its reason. @throws when patience is over */
  async #ask(
    { worker, server }: Asked,
    what: { editor: Session; tool: string; args: Record<string, unknown>; failures?: { count: number } },
  ): Promise<string> {
    const { outcomes } = this.#deps
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const began = performance.now()
      try {
        const onProgress = (message: string): void => outcomes.note(worker.who, message)
        const text = await what.editor.call(`${server}__${what.tool}`, what.args, { onProgress, timeoutMs: CALL_MS })
        outcomes.note(worker.who, text)
        outcomes.answered++
        return text
      } catch (error) {
        outcomes.noteFailure(worker.who, error, began)
        if (what.failures) what.failures.count++
        if (performance.now() > end) throw error
      }
      await wait(PAUSE_MS)
    }
  }

  #check({ worker, server }: Asked, got: string, wanted: string): void {
    if (got !== wanted) this.wrong.push(`${worker.who} asked ${server}: ${got.slice(0, 100)} instead of ${wanted}`)
  }
}
