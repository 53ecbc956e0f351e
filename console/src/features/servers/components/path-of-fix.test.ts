import { FIX_KINDS } from '@mcphub/api'
import { expect, test } from 'vitest'
import { pathOfFix, type Answer } from './path-of-fix.ts'

const answer = (kind: (typeof FIX_KINDS)[number], target: string | null, server: string | null = 'a/b'): Answer => ({
  ...{ tool: 'x', server, user: 'alice', visible: false, cause: null, params: {}, steps: [] },
  fix: { kind, target },
})

test('every fix leads to the page that does it, or to none', () => {
  const paths = FIX_KINDS.map((kind) => [kind, pathOfFix(answer(kind, 'USER_TOKEN'))])
  expect(Object.fromEntries(paths)).toEqual({
    setVariable: '/servers/a%2Fb?tab=values&value=USER_TOKEN',
    turnGroupOn: '/groups',
    widenKey: '/keys',
    askAdmin: null,
    waitOrRestart: '/servers/USER_TOKEN',
    update: null,
    rename: null,
    logIn: '/login',
    chooseAnother: '/servers/USER_TOKEN',
  })
  expect(pathOfFix(answer('chooseAnother', null))).toBe('/servers')
  expect(pathOfFix({ ...answer('logIn', null), fix: null })).toBeNull()
})
