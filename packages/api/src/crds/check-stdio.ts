// Rules across the fields of a stdio server.
import { duplicates, quantities, when } from './check-kit.ts'
import type { Check } from './check-kit.ts'
import { IMAGE_BY_DIGEST, IMAGE_NAME, NPM_NAME, OWN_ENV, PYPI_NAME, PYPI_VERSION } from './patterns.ts'
import { checkRuntimeClass } from './runtime-class.ts'
import { NO_IMAGE_NAME, RESERVED_ENV } from './sentences.ts'
import type { StdioSpec } from './stdio-spec.ts'

const packageXorImage: Check<StdioSpec> = (spec) =>
  when(
    Boolean(spec.package) === Boolean(spec.image),
    'stdio',
    spec.package ? 'give package or image, not both' : 'give a package (npm: name and version) or an image',
  )

const npmXorPypi: Check<StdioSpec> = ({ package: from }) =>
  when(
    Boolean(from) && Boolean(from?.npm) === Boolean(from?.pypi),
    'stdio.package',
    from?.npm ? 'give npm or pypi, not both' : 'give npm or pypi, with name and version',
  )

const packageIsNamed: Check<StdioSpec> = ({ package: from }) => [
  ...when(
    from?.npm !== undefined && !(NPM_NAME.test(from.npm.name) && !from.npm.name.startsWith('-')),
    'stdio.package.npm.name',
    'not the name of an npm package; give it as the registry does, such as @scope/name',
  ),
  ...when(
    from?.pypi !== undefined && !PYPI_NAME.test(from.pypi.name),
    'stdio.package.pypi.name',
    'not the name of a PyPI package',
  ),
  ...when(
    from?.pypi !== undefined && !PYPI_VERSION.test(from.pypi.version),
    'stdio.package.pypi.version',
    'give one exact version such as 1.2.3, no range',
  ),
]

const imageIsPinned: Check<StdioSpec> = ({ image, command }) => [
  ...when(
    image !== undefined && !IMAGE_BY_DIGEST.test(image),
    'stdio.image',
    'name the image by digest: registry/name@sha256:… (a tag may change under you)',
  ),
  ...when(image !== undefined && IMAGE_BY_DIGEST.test(image) && !IMAGE_NAME.test(image), 'stdio.image', NO_IMAGE_NAME),
  ...when(
    image !== undefined && !command?.length,
    'stdio.command',
    'an image needs its command: the hub puts its own program in front of it',
  ),
]

const packageHasNoCommand: Check<StdioSpec> = (spec) =>
  when(
    spec.package !== undefined && spec.command !== undefined,
    'stdio.command',
    'a package brings its own command; use args, and stdio.package.bin where it has several',
  )

const warmPoolKeepsNothing: Check<StdioSpec> = ({ warmPool, persistence }) =>
  when(
    warmPool.replicas > 0 && persistence.mode !== 'None',
    'stdio.warmPool.replicas',
    'a warm pool needs persistence.mode: None; a kept folder belongs to one user from the start',
  )

const cidrsWithTheirMode: Check<StdioSpec> = ({ egress }) =>
  egress.mode === 'Cidrs'
    ? when(
        !egress.cidrs?.length,
        'stdio.egress.cidrs',
        'egress.mode: Cidrs needs at least one network such as 10.0.0.0/8',
      )
    : when(egress.cidrs !== undefined, 'stdio.egress.cidrs', 'networks count only with egress.mode: Cidrs')

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/
const V6 = /^[0-9a-fA-F:]+\/(\d{1,3})$/

function isCidr(text: string): boolean {
  const v4 = V4.exec(text)
  if (v4) return v4.slice(1, 5).every((byte) => Number(byte) <= 255) && Number(v4[5]) <= 32
  const v6 = V6.exec(text)
  return Boolean(v6) && Number(v6![1]) <= 128 && URL.canParse(`http://[${text.slice(0, text.indexOf('/'))}]/`)
}

const cidrsAreNetworks: Check<StdioSpec> = ({ egress }) =>
  (egress.cidrs ?? []).flatMap((cidr, i) =>
    when(!isCidr(cidr), `stdio.egress.cidrs[${i}]`, 'not a network; give one such as 10.0.0.0/8 or fd00::/8'),
  )

const envIsFree: Check<StdioSpec> = ({ env }) =>
  env.flatMap(({ name }, i) => when(OWN_ENV.test(name), `stdio.env[${i}].name`, RESERVED_ENV))

const envOnce: Check<StdioSpec> = ({ env }) =>
  duplicates(
    'stdio.env',
    env.map(({ name }) => name),
  )

const noNul: Check<StdioSpec> = ({ args, env, command, workdir }) => [
  ...args.flatMap((text, i) => when(text.includes('\0'), `stdio.args[${i}]`, 'remove the NUL character')),
  ...env.flatMap(({ value }, i) => when(value.includes('\0'), `stdio.env[${i}].value`, 'remove the NUL character')),
  ...(command ?? []).flatMap((text, i) => when(text.includes('\0'), `stdio.command[${i}]`, 'remove the NUL character')),
  ...when(Boolean(workdir?.includes('\0')), 'stdio.workdir', 'remove the NUL character'),
]

export const STDIO_CHECKS: readonly Check<StdioSpec>[] = [
  packageXorImage,
  npmXorPypi,
  packageIsNamed,
  imageIsPinned,
  packageHasNoCommand,
  warmPoolKeepsNothing,
  cidrsWithTheirMode,
  cidrsAreNetworks,
  ({ resources }) => quantities('stdio.resources', resources),
  ({ runtimeClassName }) => checkRuntimeClass('stdio', runtimeClassName),
  envIsFree,
  envOnce,
  noNul,
]
