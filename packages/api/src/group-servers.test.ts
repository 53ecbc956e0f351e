import { expect, test } from 'vitest'
import { givesServer } from './group-servers.ts'

const server = { name: 'files', labels: { tier: 'dev', team: 'x' } }

test.each<[string, Parameters<typeof givesServer>[0], boolean]>([
  ['its name', { servers: ['files'] }, true],
  ['other names', { servers: ['mail'] }, false],
  ['no names', { servers: [] }, false],
  ['one of its labels', { serverSelector: { matchLabels: { tier: 'dev' } } }, true],
  ['all its labels', { serverSelector: { matchLabels: { tier: 'dev', team: 'x' } } }, true],
  ['one label that it lacks', { serverSelector: { matchLabels: { tier: 'dev', zone: 'a' } } }, false],
  ['another value', { serverSelector: { matchLabels: { tier: 'prod' } } }, false],
  ['what every object inherits', { serverSelector: { matchLabels: { toString: 'x' } } }, false],
  ['no labels', { serverSelector: { matchLabels: {} } }, false],
  ['neither names nor labels', {}, false],
])('a group by %s', (_what, spec, gives) => {
  expect(givesServer(spec, server)).toBe(gives)
})
