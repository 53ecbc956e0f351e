// What is wrong with the providers in use, for the hub's checks of itself: asked now and then, however often somebody looks.
import type { ProviderConfig } from '@mcphub/api'
import { type Ask, checkProvider } from './check-provider.ts'
import type { ProviderSetting, ProviderSettings } from './provider-settings.ts'
import { redirectUriOf } from './redirect-uri.ts'

export interface ProviderHealth {
  readonly id: string
  readonly label: string
  /** null: nothing */
  readonly fault: string | null
}

export interface ProviderHealthDeps {
  readonly settings: Pick<ProviderSettings, 'list'>
  readonly ask: Ask
  /** as people are sent back to it */
  readonly origin: string
  readonly now?: () => number
}

const KEEP_MS = 5 * 60_000

export function createProviderHealth({ settings, ask, origin, now = Date.now }: ProviderHealthDeps) {
  // by the setting itself: another one is asked anew
  const known = new WeakMap<ProviderSetting, { readonly at: number; readonly fault: Promise<string | null> }>()

  function findFault(setting: ProviderSetting): Promise<string | null> {
    const last = known.get(setting)
    if (last !== undefined && last.at + KEEP_MS > now()) return last.fault
    const fault = look(setting)
    known.set(setting, { at: now(), fault })
    return fault
  }

  async function look(setting: ProviderSetting): Promise<string | null> {
    const config: ProviderConfig = setting
    const redirectUri = redirectUriOf(origin, setting.id)
    const { items } = await checkProvider(ask, { config, secret: setting.secret, redirectUri })
    const failed = items.find(({ state }) => state === 'failed')
    return failed === undefined ? null : (failed.detail ?? `its check "${failed.check}" failed`)
  }

  return (): Promise<ProviderHealth[]> =>
    Promise.all(
      settings.list().map(async (setting) => {
        const { id, label } = setting
        return { id, label, fault: await findFault(setting) }
      }),
    )
}
