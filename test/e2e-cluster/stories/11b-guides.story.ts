// Every shell block of the guides is run as it stands, in its order, against the installed hub. What cannot run here is skipped by name, and counted.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordFigure } from '../kit/figures.ts'
import { BACKUP_PROOFS } from '../kit/guide-backup.ts'
import { GuideShell } from '../kit/guide-shell.ts'
import { GUIDES, readSteps, type GuideStep } from '../kit/guide-steps.ts'
import { context, request } from '../kit/hub.ts'
import { inHub, remove } from '../kit/kube.ts'
import { PACKAGE, ROOT } from '../settings.ts'

/** What a guide names and no cluster without a way out can have, and what stands for it. */
const STAND_INS: readonly (readonly [named: RegExp, here: string])[] = [
  [/registry\.example\.com\/[\w./-]+@sha256:[0-9a-f]{64}/g, context.serverImage],
  [
    /'@modelcontextprotocol\/server-everything'\n(\s+)version: [\d.]+/g,
    `'${PACKAGE.name}'\n$1version: ${PACKAGE.version}`,
  ],
]
const withStandIns = (text: string): string =>
  STAND_INS.reduce((said, [named, here]) => said.replace(named, here), text)

const hasGvisor = context.probes.some(({ name, holds }) => name === 'RuntimeClass gvisor' && holds)

const guides = GUIDES.map((name) => {
  const file = `docs/guides/${name}.md`
  return { name, file, steps: readSteps(readFileSync(join(ROOT, file), 'utf8')) }
})

/** They name `mcphub` and `mcphub-sandboxes`. */
const NOT_OURS = 'on a cluster of yours the hub has names that the guides do not know'

let shell: GuideShell

/** A run that was cut off may have left what the guides make. */
async function forgetAlice(): Promise<void> {
  const { items } = await request<{ items: { id: string; username: string }[] }>('GET', '/api/admin/users/list')
  for (const { id } of items.filter(({ username }) => username === 'alice'))
    await request('DELETE', `/api/admin/users/${id}?mode=hard`)
}

beforeAll(async () => {
  if (!context.own) return
  // signed in, as the guides ask the reader to be
  shell = new GuideShell({ MCPHUB_URL: 'http://localhost:3000', MCPHUB_KEY: context.adminKey })
  await forgetAlice()
})
afterAll(async () => {
  if (!context.own) return
  await shell.close()
  await remove('mcpserver', 'in-backup', 'journal', 'playground', 'guarded')
  await remove('usergroup', 'journalists', 'careful')
  // a guide that broke off may have left the hub without gateways
  await inHub('scale', 'deploy/mcphub-gateway', '--replicas=2')
  await inHub('rollout', 'status', 'deploy/mcphub-gateway', '--timeout=120s')
})

async function perform(step: GuideStep): Promise<void> {
  const text = withStandIns(step.text)
  if (step.kind === 'file') shell.save(step.name, text)
  if (step.kind === 'run') await shell.run(text)
  if (step.kind === 'background') expect(await shell.start(text.trim())).toMatch(/\S/)
}

const titleOf = ({ line, text }: GuideStep): string => `line ${line}: ${text.split('\n')[0]!.slice(0, 90)}`

describe.each(guides)('$file', ({ name, steps }) => {
  afterAll(() => shell?.stopBackground())

  const proveBeside = (step: GuideStep, when: 'before' | 'after'): void => {
    for (const { title, prove } of BACKUP_PROOFS.filter((one) => one.when === when && one.block.test(step.text)))
      test(title, { timeout: 180_000 }, async ({ skip }) => {
        skip(!context.own, NOT_OURS)
        await prove()
      })
  }

  for (const step of steps) {
    proveBeside(step, 'before')
    test(titleOf(step), { timeout: 300_000 }, async ({ skip }) => {
      if (step.kind === 'skip') return skip(step.why)
      skip(!context.own, NOT_OURS)
      skip(name === 'runtime-classes' && !hasGvisor, 'this cluster has no RuntimeClass gvisor')
      await perform(step)
    })
    proveBeside(step, 'after')
  }
})

test('most of what the guides say to type was typed', ({ skip }) => {
  skip(!context.own, NOT_OURS)
  const blocks = guides.flatMap(({ steps }) => steps).filter(({ kind }) => kind !== 'file')
  const skipped = blocks.filter(({ kind }) => kind === 'skip')
  recordFigure({ name: 'shell blocks of the guides, run', value: blocks.length - skipped.length, unit: '' })
  recordFigure({ name: 'shell blocks of the guides, skipped by name', value: skipped.length, unit: '' })
  expect(blocks.length).toBeGreaterThan(25)
  expect(skipped.length).toBeLessThan(blocks.length / 3)
})
