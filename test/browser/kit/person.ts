// People of a browser test: made by the administrator, logged in by their invitation as the page would do it, but without the page.
import type { BrowserContext } from 'playwright-core'
import type { TestHub, TestUser } from '../../kit/hub.ts'

/** of everybody who has one */
export const PASSWORD = 'a quiet river of 38 stones'

/** Begins a console session for this person and gives its cookie to the browser. It ends those the person had: their password is set anew. */
export async function logIn(context: BrowserContext, hub: TestHub, person: Pick<TestUser, 'id'>): Promise<void> {
  for (const cookie of await givePassword(hub, person)) {
    const [name, value] = cookie.split(';', 1)[0]!.split('=', 2)
    await context.addCookies([{ name: name!, value: value!, url: hub.url, httpOnly: true, sameSite: 'Lax' }])
  }
}

/** By an invitation, as its page does it. Returns the cookies of the session it began. */
export async function givePassword(hub: TestHub, { id }: Pick<TestUser, 'id'>): Promise<readonly string[]> {
  const link = await invite(hub, id)
  const token = new URLSearchParams(new URL(link).hash.slice(1)).get('token')
  const response = await fetch(`${hub.url}/api/login/link`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin: hub.url,
      'x-mcphub-console': '1',
      'user-agent':
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    },
    body: JSON.stringify({ token, password: PASSWORD }),
  })
  if (!response.ok) throw new Error(`no session: ${response.status} ${await response.text()}`)
  return response.headers.getSetCookie()
}

/** Nobody's key invites its own person: whom the hub was set up with is invited by somebody who is there for that alone. */
export async function invite(hub: TestHub, id: string): Promise<string> {
  const send = async (key: string): Promise<string> =>
    (await hub.request<{ link: string }>('POST', `/api/admin/users/${id}/invite`, undefined, key)).link
  const me = await hub.request<{ id: string }>('GET', '/api/user/me')
  if (me.id !== id) return send(hub.adminKey)
  const other = await hub.addUser('inviter')
  await hub.request('PUT', `/api/admin/users/${other.id}/role`, { role: 'admin' })
  const link = await send(other.key)
  await hub.request('DELETE', `/api/admin/users/${other.id}?mode=hard`)
  return link
}
