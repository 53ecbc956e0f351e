// From a sentence to its code and back. That every sentence of the sources has one is looked at in test/sentences.test.ts.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HubError, toProblem } from './errors.ts'
import { SENTENCES, findSaid, type Said } from './sentences.ts'

const codesOf = (found: Said): string[] => found.map(({ code }) => code)
const fillWith = (template: string, value: (name: string) => string): string =>
  template.replace(/\{([a-z]\w*)\}/g, (_, name: string) => value(name))

test.each(Object.entries(SENTENCES).filter(([code]) => code !== 'said.at'))('%s is found again', (code, template) => {
  const text = fillWith(template, (name) => (/^(why)$/.test(name) ? 'zzz' : '12'))
  const [first] = findSaid(text)
  expect(first?.code).toBe(code)
  expect(fillWith(template, (name) => first!.params[name]!)).toBe(text)
})

test.each([
  [
    'a sentence within a sentence',
    'Server "a" did not start: its process exited with code 3',
    ['call.notStarted', 'end.exited'],
  ],
  ['the words of others', 'Server "a" did not start: they said so', ['call.notStarted']],
  ['a field before it', 'spec.stdio.image: give package or image, not both', ['said.at', 'stdio.packageOrImage']],
  ['what the API server puts before it', 'Invalid value: "object": give npm or pypi, not both', ['stdio.npmOrPypi']],
  [
    'what Kubernetes says after it',
    'No node has room for the pod; add nodes or lower its cpu and memory. Kubernetes says: 0/3 nodes',
    ['pod.noRoom', 'pod.says'],
  ],
  ['an unknown one', 'Something else happened', []],
  ['a place before an unknown one', 'spec.x: something else', []],
  ['words where a number belongs', 'many servers', []],
  ['nothing', '', []],
])('%s', (_, text, codes) => {
  expect(codesOf(findSaid(text))).toEqual(codes)
})

test('what is filled in is what stood there', () => {
  expect(findSaid('unknown field "urll"; did you mean "url"?')).toEqual([
    { code: 'manifest.unknownFieldMeant', params: { field: 'urll', name: 'url' } },
  ])
})

test('any text, however long or nested, is looked at in little time, and nothing is made up (property)', () => {
  const pieces = fc.constantFrom(
    'Server "',
    '" did not start: ',
    ': ',
    ' Kubernetes says: ',
    '"',
    'x',
    ' ',
    ...Object.values(SENTENCES),
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 400 }), (parts) => {
      const text = parts.join('')
      const before = performance.now()
      const found = findSaid(text)
      expect(performance.now() - before).toBeLessThan(2_000)
      for (const { params } of found) for (const value of Object.values(params)) expect(text).toContain(value)
    }),
    { numRuns: 200 },
  )
})

test('a problem carries the codes of its detail and of its faults', () => {
  const faults = [{ field: 'a', message: 'Give a text' }]
  const problem = toProblem(new HubError('not_found', 'There is no such key', { faults }), 'r')
  expect(problem.said).toEqual([{ code: 'said.noKey', params: {} }])
  expect(problem.faults).toEqual([{ ...faults[0], said: [{ code: 'field.text', params: {} }] }])
})
