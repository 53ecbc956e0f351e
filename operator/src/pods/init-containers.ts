// What runs before a sandbox: one container copies the shim in front of a foreign image, where images cannot be mounted; one installs a
// package. Their security contexts are build-pod.ts's.
import type { StdioSpec } from '@mcphub/api'
import { STORAGE } from './pod-resources.ts'
import type { PodSettings } from './settings.ts'

/** Where a foreign image finds the shim: an image volume shows the shim image's root there, a copy lies where that would. */
export const SHIM_FOLDER = '/mcphub/shim'
export const SHIM_PATH = `${SHIM_FOLDER}/shim`

/** Which ConfigMap holds a server's lock, if `mcphub image --lock` made one. */
export const lockNameOf = (server: string): string => `mcphub-lock-${server}`

const INSTALLERS = {
  npm: ['node', '/opt/mcphub/images/installer/main.ts'],
  pypi: ['python3', '/opt/mcphub/images/installer/install.py'],
} as const

/** A container without what every container gets. */
export interface InitContainer {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly object[]
  readonly workingDir?: string
  readonly volumeMounts: readonly object[]
}

export const isPackage = ({ package: wanted }: StdioSpec): boolean => wanted !== undefined

export function shimContainer(stdio: StdioSpec, { shimDelivery, shimImage }: PodSettings): InitContainer[] {
  if (isPackage(stdio) || shimDelivery === 'ImageVolume') return []
  return [
    {
      name: 'shim',
      image: shimImage,
      command: ['/shim', '--copy-to', SHIM_PATH],
      volumeMounts: [{ name: 'shim', mountPath: SHIM_FOLDER }],
    },
  ]
}

export function installContainer({ package: wanted }: StdioSpec, settings: PodSettings): InitContainer[] {
  if (!wanted) return []
  const { nodeImage, pythonImage, registry } = settings
  const kind = wanted.npm ? 'npm' : 'pypi'
  const plain = (name: string, value: string | null): object[] => (value === null ? [] : [{ name, value }])
  return [
    {
      name: 'install',
      image: kind === 'npm' ? nodeImage : pythonImage,
      command: INSTALLERS[kind],
      env: [
        { name: 'HOME', value: '/tmp' },
        { name: 'TMPDIR', value: '/tmp' },
        // one variable and no argument: nothing of a manifest can be taken for an option
        { name: 'MCPHUB_PACKAGE', value: JSON.stringify(wanted) },
        ...plain('MCPHUB_REGISTRY_URL', registry.url),
        ...plain('HTTPS_PROXY', registry.httpsProxy),
        ...plain('HTTP_PROXY', registry.httpsProxy),
        ...plain('NO_PROXY', registry.noProxy),
      ],
      workingDir: '/package',
      volumeMounts: [
        { name: 'package', mountPath: '/package' },
        // not the sandbox's own /tmp: the installer leaves the registry's credentials in it
        { name: 'install-tmp', mountPath: '/tmp' },
        { name: 'lock', mountPath: '/etc/mcphub/lock', readOnly: true },
        ...(registry.secret === null ? [] : [{ name: 'registry', mountPath: '/etc/mcphub/registry', readOnly: true }]),
      ],
    },
  ]
}

/** What the installer needs beyond the sandbox's own volumes. */
export function installVolumes(server: string, { registry }: PodSettings): object[] {
  return [
    { name: 'package', emptyDir: { sizeLimit: STORAGE.package } },
    { name: 'install-tmp', emptyDir: { sizeLimit: STORAGE.installTmp } },
    { name: 'lock', configMap: { name: lockNameOf(server), optional: true } },
    ...(registry.secret === null
      ? []
      : [{ name: 'registry', secret: { secretName: registry.secret, defaultMode: 0o444 } }]),
  ]
}
