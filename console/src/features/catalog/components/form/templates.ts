// What one begins with: a manifest in which only what is one's own is still to be given. Pure.
import { stringify } from 'yaml'
import type { Kind } from '../kind.ts'

export const TEMPLATES = ['npm', 'pypi', 'image', 'remote'] as const
export type Template = (typeof TEMPLATES)[number]

const SPECS: Readonly<Record<Template, object>> = {
  npm: { type: 'Stdio', stdio: { package: { npm: { name: '', version: '' } } } },
  pypi: { type: 'Stdio', stdio: { package: { pypi: { name: '', version: '' } } } },
  image: { type: 'Stdio', stdio: { image: '', command: [''] } },
  remote: { type: 'Remote', remote: { url: '' } },
}

export const writeManifest = (kind: Kind, name: string, spec: object): string =>
  stringify({ apiVersion: 'mcphub.io/v1alpha1', kind, metadata: { name }, spec }, { lineWidth: 0 })

export const newServer = (template: Template): string => writeManifest('McpServer', '', SPECS[template])

export const newGroup = (): string => writeManifest('UserGroup', '', { members: { users: [] }, servers: [] })
