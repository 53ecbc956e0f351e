// What is told of a change: new faults with file and line, once; what came, changed and went.
import { expect, test } from 'vitest'
import { compareCatalogs } from './catalog-news.ts'
import type { CatalogFault, CatalogServer, CatalogSnapshot } from './catalog.ts'

const snapshot = (
  servers: Readonly<Record<string, string>>,
  faults: readonly CatalogFault[] = [],
): CatalogSnapshot => ({
  revision: 1,
  servers: new Map(
    Object.entries(servers).map(([name, configHash]) => [name, { name, configHash } as unknown as CatalogServer]),
  ),
  groups: new Map(),
  faults,
})
const fault = (file: string, line: number | null): CatalogFault => ({ file, line, resource: null, message: 'is wrong' })
const say = (next: CatalogSnapshot, previous: CatalogSnapshot): string[] =>
  compareCatalogs(next, previous).map(({ state, message }) => `${state}: ${message}`)

test('a new fault is told with file and line, a known one is not told again', () => {
  const before = snapshot({ a: '1' }, [fault('old.yaml', 2)])
  const after = snapshot({ a: '1' }, [fault('old.yaml', 2), fault('new.yaml', 7), fault('whole.yaml', null)])
  expect(say(after, before)).toEqual(['failed: new.yaml:7: is wrong', 'failed: whole.yaml: is wrong'])
  expect(say(after, after)).toEqual([])
})

test('the end of the last fault is told', () => {
  const broken = snapshot({ a: '1' }, [fault('old.yaml', 2)])
  expect(say(snapshot({ a: '1' }), broken)).toEqual(['done: Every manifest is in use again'])
})

test('servers that came, changed and went are named', () => {
  const before = snapshot({ stays: '1', changes: '1', goes: '1' })
  const after = snapshot({ stays: '1', changes: '2', comes: '1' })
  expect(say(after, before)).toEqual(['done: Catalogue: added comes; changed changes; removed goes'])
})
