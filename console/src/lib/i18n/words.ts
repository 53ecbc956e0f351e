// The words of each part, typed by the English files: one line per file of locales/en. A key that is not there does not compile.
import type account from '../../locales/en/account.json'
import type actions from '../../locales/en/actions.json'
import type activity from '../../locales/en/activity.json'
import type audit from '../../locales/en/audit.json'
import type calls from '../../locales/en/calls.json'
import type catalog from '../../locales/en/catalog.json'
import type causes from '../../locales/en/causes.json'
import type common from '../../locales/en/common.json'
import type connect from '../../locales/en/connect.json'
import type errors from '../../locales/en/errors.json'
import type groups from '../../locales/en/groups.json'
import type home from '../../locales/en/home.json'
import type keys from '../../locales/en/keys.json'
import type login from '../../locales/en/login.json'
import type orgVariables from '../../locales/en/org-variables.json'
import type people from '../../locales/en/people.json'
import type sandboxes from '../../locales/en/sandboxes.json'
import type providers from '../../locales/en/providers.json'
import type said from '../../locales/en/said.json'
import type servers from '../../locales/en/servers.json'
import type system from '../../locales/en/system.json'
import type toolChanges from '../../locales/en/tool-changes.json'

export interface Words {
  readonly account: typeof account
  readonly actions: typeof actions
  readonly activity: typeof activity
  readonly audit: typeof audit
  readonly calls: typeof calls
  readonly catalog: typeof catalog
  readonly causes: typeof causes
  readonly common: typeof common
  readonly connect: typeof connect
  readonly errors: typeof errors
  readonly groups: typeof groups
  readonly home: typeof home
  readonly keys: typeof keys
  readonly login: typeof login
  readonly 'org-variables': typeof orgVariables
  readonly people: typeof people
  readonly sandboxes: typeof sandboxes
  readonly providers: typeof providers
  readonly said: typeof said
  readonly servers: typeof servers
  readonly system: typeof system
  readonly 'tool-changes': typeof toolChanges
}

export type Namespace = keyof Words
export type Language = 'en' | 'ko'

/** `tools_one` and `tools_other` are one key to who uses them: `tools`, with a count. */
type Singular<Key> = Key extends `${infer Base}_one` | `${infer Base}_other` ? Base : Key
export type TextKey<N extends Namespace> = Singular<keyof Words[N] & string>
