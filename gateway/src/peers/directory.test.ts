import { expect, test } from 'vitest'
import { Directory } from './directory.ts'
import { makeReplicaName } from './replica-name.ts'

const OWN = '10.0.0.1'

function make(answers: (readonly string[] | Error)[]) {
  const warned: string[] = []
  const directory = new Directory({
    own: OWN,
    service: 'peers.svc',
    log: { warn: (_fields, message) => void warned.push(message) },
    resolve: async () => {
      const next = answers.length > 1 ? answers.shift()! : answers[0]!
      if (next instanceof Error) throw next
      return next
    },
  })
  return { directory, warned }
}

test('names all but this one; a name service that fails takes nobody away and is complained of once', async () => {
  const { directory, warned } = make([[OWN, '10.0.0.2'], new Error('no answer'), new Error('no answer'), ['10.0.0.3']])
  await directory.refresh()
  expect(directory.addresses()).toEqual(['10.0.0.2'])
  await directory.refresh()
  await directory.refresh()
  expect(directory.addresses()).toEqual(['10.0.0.2'])
  expect(warned).toHaveLength(1)
  await directory.refresh()
  expect(directory.addresses()).toEqual(['10.0.0.3'])
})

test('who was heard from is known before the name service knows; oneself and nonsense are not', async () => {
  const { directory } = make([[OWN]])
  await directory.refresh()
  for (const name of [makeReplicaName(OWN), 'nonsense', makeReplicaName('10.0.0.9'), makeReplicaName('10.0.0.9')]) {
    directory.heard(name)
  }
  expect(directory.addresses()).toEqual(['10.0.0.9'])
})
