// Counts kept as things change equal counts made anew; keys are given only where a number changes.
import { Store } from '@mcphub/kube'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SandboxObject } from './resources.ts'
import { SandboxCounts, mapToCountedGroups, mapToCountedServers } from './sandbox-counts.ts'

type State = 'asleep' | 'running' | 'failed'
const ready = (status: 'True' | 'False'): object => ({
  type: 'Ready',
  status,
  reason: 'PodReady',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
})
const STATUS: Record<State, object> = {
  asleep: { conditions: [ready('False')] },
  running: { conditions: [ready('True')] },
  failed: { conditions: [ready('False')], failures: { count: 1 } },
}
const sandbox = (name: string, server: string, groups: string[], state: State, version: string): SandboxObject => ({
  metadata: { namespace: 'x', name, uid: name, resourceVersion: version },
  spec: { serverRef: { name: server, uid: 's' }, userGroupRefs: groups, operatingMode: 'Auto' },
  status: STATUS[state] as NonNullable<SandboxObject['status']>,
})

const names = ['s1', 's2'] as const
const groupNames = ['g1', 'g2', 'g3'] as const
const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  groups: fc.uniqueArray(fc.constantFrom(...groupNames)),
  state: fc.constantFrom('asleep' as const, 'running' as const, 'failed' as const),
  goes: fc.boolean(),
})

test('after any run of changes the counts are those of a new list, and every change of a number gave its key', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const store = new Store<SandboxObject>()
      const counts = new SandboxCounts()
      const expected = (): object => {
        const all = [...store.list()]
        const count = (some: SandboxObject[]): object => ({
          total: some.length,
          running: some.filter(({ status }) => status!.conditions[0]!.status === 'True').length,
          failed: some.filter(({ status }) => status!.failures).length,
        })
        return {
          servers: names.map((name) => count(all.filter(({ spec }) => spec.serverRef.name === name))),
          groups: groupNames.map((name) => count(all.filter(({ spec }) => spec.userGroupRefs.includes(name)))),
        }
      }
      const kept = (): { servers: object[]; groups: object[] } => ({
        servers: names.map((name) => counts.ofServer(name)),
        groups: groupNames.map((name) => counts.ofGroup(name)),
      })
      steps.forEach(({ name, groups, state, goes }, at) => {
        const before = kept()
        const item = sandbox(name, name < 'c' ? 's1' : 's2', groups, state, String(at))
        const known = store.get(`x/${name}`)
        const changes = goes && known ? store.remove(known) : store.put(item)
        const touched = changes.flatMap((change) => [...mapToCountedServers(change), ...mapToCountedGroups(change)])
        for (const change of changes) counts.observe(change)
        const after = kept()
        expect(after).toEqual(expected())
        const changed = (list: readonly string[], one: object[], other: object[]): string[] =>
          list.filter((_, i) => JSON.stringify(one[i]) !== JSON.stringify(other[i])).map((one) => `x/${one}`)
        const wanted = [
          ...changed(names, before.servers, after.servers),
          ...changed(groupNames, before.groups, after.groups),
        ]
        expect(touched).toEqual(expect.arrayContaining(wanted))
      })
    }),
  )
})

test('a sandbox that merely lives on brings nobody back', () => {
  const before = sandbox('a', 's1', ['g1'], 'running', '1')
  const change = {
    type: 'updated',
    key: 'x/a',
    before,
    item: { ...before, spec: { ...before.spec, activeUntilTime: 'x' } },
  } as const
  expect(mapToCountedServers(change)).toEqual([])
  expect(mapToCountedGroups(change)).toEqual([])
})
