import { expect, test } from 'vitest'
import { readLight, type Sighting } from './read-light.ts'

const seen = (kind: Sighting['kind']): Sighting => ({ at: '2026-11-22T03:00:00Z', kind, client: null, params: {} })

test('nothing was seen yet', () => {
  expect(readLight([])).toEqual({ state: 'waiting' })
})

test('the last thing that was seen counts: a fault that is mended, and a client that broke', () => {
  expect(readLight([seen('call'), seen('wrongKey')])).toEqual({ state: 'connected', seen: seen('call') })
  expect(readLight([seen('badAccept'), seen('call')])).toEqual({ state: 'trouble', seen: seen('badAccept') })
})
