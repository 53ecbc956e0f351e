// Ways in: an account that is gone by the time its login is recorded opens nothing, and what cannot be used is no way in.
import { describe, expect, test } from 'vitest'
import { type Accounts, type AccountsDeps, createAccounts } from './accounts.ts'
import type { LinkedAccount } from './account-store.ts'
import type { Proof } from './provider.ts'

const ISSUER = 'https://id.example.com'
const PROOF: Proof = {
  ...{ account: { provider: ISSUER, subject: 's' }, wish: 'ann', label: 'ann', sid: null, claims: [] },
  facts: { kind: 'github', organisations: [] },
}
const ONLY: LinkedAccount = { id: 'a', provider: ISSUER, label: null, linkedAt: new Date(0), loginAt: null }
const UNIT = { announce: () => undefined }

function open({ recorded = true, localLogin = true } = {}): { accounts: Accounts; unlinked: string[] } {
  const unlinked: string[] = []
  const deps = {
    store: {
      lock: async () => undefined,
      findOwner: async () => ({ id: 'u', active: true, deletedAt: null }),
      recordLogin: async () => recorded,
      lockWaysIn: async () => ({ accounts: [ONLY], hasPassword: true }),
      unlink: async (_: unknown, id: string) => void unlinked.push(id),
    },
    transactor: { transaction: (work: (unit: unknown) => unknown) => work(UNIT) },
    claims: { forget: async () => undefined },
    sessions: { endAllIn: async () => undefined },
    localLogin,
  }
  return { accounts: createAccounts(deps as unknown as AccountsDeps), unlinked }
}

describe('an account that was unlinked meanwhile', () => {
  test('lets nobody in', async () => {
    expect(await open().accounts.enter(UNIT, PROOF, 'Create')).toBe('u')
    const entering = open({ recorded: false }).accounts.enter(UNIT, PROOF, 'Create')
    await expect(entering).rejects.toMatchObject({ name: 'LoginRefusal', fault: 'answer_not_valid' })
  })

  test('is not linked', async () => {
    await open().accounts.link(UNIT, 'u', PROOF)
    const linking = open({ recorded: false }).accounts.link(UNIT, 'u', PROOF)
    await expect(linking).rejects.toMatchObject({ name: 'LoginRefusal', fault: 'answer_not_valid' })
  })
})

test('a password is a way in only where people log in with one', async () => {
  const person = { userId: 'u', sessionId: 's' }
  const on = open()
  await on.accounts.unlink(person, 'a')
  expect(on.unlinked).toEqual(['a'])
  const off = open({ localLogin: false })
  await expect(off.accounts.unlink(person, 'a')).rejects.toMatchObject({
    ...{ code: 'conflict', message: 'This is your only way in; link another account first' },
    details: { data: { reason: 'lastWayIn' } },
  })
  expect(off.unlinked).toEqual([])
})
