// A browser as far as logging in goes: it keeps cookies by host, whatever the port, and follows redirects until it is told to look.

export interface Jar {
  /** by name; those of all ports of a host are one pot */
  readonly cookies: Map<string, string>
  /** One page, redirects not followed. */
  get(url: string | URL): Promise<Response>
  /** Follows redirects until `isEnd` says of the next address that it is far enough; that one is not fetched. */
  follow(url: string | URL, isEnd: (url: URL) => boolean): Promise<URL>
}

const MOST_STEPS = 20

export function openJar(): Jar {
  const cookies = new Map<string, string>()

  function keep(answer: Response): void {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/;\s*max-age=0/i.test(line) || /expires=thu, 01 jan 1970/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  async function get(url: string | URL): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } })
    keep(answer)
    return answer
  }

  return {
    cookies,
    get,
    async follow(url, isEnd) {
      let next = new URL(url)
      for (let step = 0; step < MOST_STEPS; step++) {
        if (isEnd(next)) return next
        const answer = await get(next)
        await answer.body?.cancel()
        const location = answer.headers.get('location')
        if (location === null) throw new Error(`${next.href} answers ${answer.status} and leads nowhere`)
        next = new URL(location, next)
      }
      throw new Error('It leads on and on')
    },
  }
}
