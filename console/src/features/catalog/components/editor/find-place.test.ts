import { describe, expect, test } from 'vitest'
import { findPlace } from './find-place.ts'

/** `|` is where one types. */
const placeIn = (marked: string) => {
  const at = marked.indexOf('|')
  const place = findPlace(marked.replace('|', ''), at)
  return place === null ? null : { ...place, typed: marked.slice(place.from, at), from: undefined }
}
const name = (path: string[], typed = '') => ({ path, what: 'name', typed, from: undefined })
const value = (path: string[], typed = '') => ({ path, what: 'value', typed, from: undefined })

const HEAD = 'apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata:\n  name: a\nspec:\n'

describe('where one types', () => {
  test.each<[string, string, object | null]>([
    ['at the very beginning', '|', name([])],
    ['a field of the document', `${HEAD}s|`, name([], 's')],
    ['a field of spec', `${HEAD}  ty|`, name(['spec'], 'ty')],
    ['below a field of spec', `${HEAD}  remote:\n    u|`, name(['spec', 'remote'], 'u')],
    ['back at spec', `${HEAD}  remote:\n    url: x\n\n  # so\n  ac|`, name(['spec'], 'ac')],
    ['a value', `${HEAD}  access: Ev|`, value(['spec', 'access'], 'Ev')],
    ['a value in quotes', `${HEAD}  access: "Ev|`, value(['spec', 'access'], 'Ev')],
    ['the first of a row', `${HEAD}  stdio:\n    env:\n      - na|`, name(['spec', 'stdio', 'env', '[]'], 'na')],
    [
      'the next of a row',
      `${HEAD}  stdio:\n    env:\n      - name: A\n        va|`,
      name(['spec', 'stdio', 'env', '[]'], 'va'),
    ],
    [
      'a list as far left as its field',
      `${HEAD}  stdio:\n    env:\n    - name: A\n      va|`,
      name(['spec', 'stdio', 'env', '[]'], 'va'),
    ],
    ['after such a list', `${HEAD}  stdio:\n    env:\n    - name: A\n    ar|`, name(['spec', 'stdio'], 'ar')],
    [
      'a value of a row',
      `${HEAD}  userVariables:\n    - name: USER_A\n      format: T|`,
      value(['spec', 'userVariables', '[]', 'format'], 'T'),
    ],
    ['the second row', `${HEAD}  userVariables:\n    - name: USER_A\n    - |`, name(['spec', 'userVariables', '[]'])],
    ['the second document', `${HEAD}  type: Remote\n---\nki|`, name([], 'ki')],
    ['within a comment', `${HEAD}  # ty|`, null],
    ['within a text', `${HEAD}  description: so it go|`, null],
  ])('%s', (_, marked, expected) => {
    expect(placeIn(marked)).toEqual(expected)
  })
})
