// What is asked again when news come: what is shown, and what is on its way for the first time.
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, expect, test } from 'vitest'
import { renew, renewAll } from './renew.ts'

const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } })
afterEach(() => client.clear())

/** Shown, and answered by hand. */
function show(id: string) {
  const asked: PromiseWithResolvers<string>[] = []
  const queryFn = (): Promise<string> => {
    const answer = Promise.withResolvers<string>()
    asked.push(answer)
    return answer.promise
  }
  const observer = new QueryObserver(client, { queryKey: [id, null], queryFn })
  observer.subscribe(() => undefined)
  return { asked, read: () => observer.getCurrentResult().data }
}

test('what is on its way when its news come is asked for again once it is answered: its answer may be from before', async () => {
  const groups = show('listGroups')
  const accounts = show('listAccounts')
  const renewed = renew(client, ['groups'])
  groups.asked[0]!.resolve('before')
  accounts.asked[0]!.resolve('accounts')
  await expect.poll(() => groups.asked.length).toBe(2)
  expect(groups.read()).toBe('before')
  groups.asked[1]!.resolve('after')
  await renewed
  expect([groups.read(), accounts.read()]).toEqual(['after', 'accounts'])
  expect([groups.asked.length, accounts.asked.length]).toEqual([2, 1])
})

test('what was answered is asked for once more; what failed on its way is left to those who look at it', async () => {
  const groups = show('listGroups')
  groups.asked[0]!.resolve('before')
  await expect.poll(() => groups.read()).toBe('before')
  const accounts = show('listAccounts')
  const renewed = renewAll(client)
  accounts.asked[0]!.reject(new Error('away'))
  groups.asked[1]!.resolve('after')
  await renewed
  expect(groups.read()).toBe('after')
  expect([groups.asked.length, accounts.asked.length]).toEqual([2, 1])
})
