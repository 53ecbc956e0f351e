// What runs before a sandbox: one container copies the shim in front of a foreign image, where images cannot be mounted; one installs a
// package. Their security contexts are build-pod.ts's.
import type { StdioSpec } from '@mcphub/api'
import type { PodSettings } from './settings.ts'

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
      command: ['/shim', '--copy-to', '/mcphub/shim'],
      volumeMounts: [{ name: 'shim', mountPath: '/mcphub' }],
    },
  ]
}

export function installContainer({ package: wanted }: StdioSpec, settings: PodSettings): InitContainer[] {
  if (!wanted) return []
  const { nodeImage, pythonImage, registry } = settings
  const [kind, { name, version }] = wanted.npm ? (['npm', wanted.npm] as const) : (['pypi', wanted.pypi!] as const)
  const plain = (variable: string, value: string | null): object[] =>
    value === null ? [] : [{ name: variable, value }]
  return [
    {
      name: 'install',
      image: kind === 'npm' ? nodeImage : pythonImage,
      command: ['/usr/local/bin/mcphub-install'],
      // none of these can begin with "-": the schema sees to names and versions, and the others follow their option after "="
      args: [
        ...(wanted.bin === undefined ? [] : [`--bin=${wanted.bin}`]),
        ...wanted.allowScripts.map((one) => `--allow-script=${one}`),
        kind,
        name,
        version,
      ],
      env: [
        { name: 'HOME', value: '/tmp' },
        { name: 'TMPDIR', value: '/tmp' },
        { name: 'MCPHUB_PACKAGE_DIR', value: '/package' },
        ...plain('MCPHUB_REGISTRY_URL', registry.url),
        ...plain('MCPHUB_REGISTRY_DIR', registry.secret === null ? null : '/run/registry'),
        ...plain('HTTPS_PROXY', registry.httpsProxy),
        ...plain('NO_PROXY', registry.noProxy),
      ],
      workingDir: '/package',
      volumeMounts: [
        { name: 'package', mountPath: '/package' },
        { name: 'tmp', mountPath: '/tmp' },
        ...(registry.secret === null ? [] : [{ name: 'registry', mountPath: '/run/registry', readOnly: true }]),
      ],
    },
  ]
}
