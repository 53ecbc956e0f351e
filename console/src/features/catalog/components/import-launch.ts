// How a program of an editor's settings is started here: the package or image behind `npx`, `uvx` and `docker run`, and what is left of its
// arguments. Pure.
import { textOf, type Data } from './form/manifest.ts'
import type { ImportNote } from './import-settings.ts'

export interface Launch {
  /** package or image, as `spec.stdio` has it */
  readonly source: object
  readonly args: readonly string[]
  /** names of variables that the command line hands on */
  readonly env: readonly string[]
  readonly notes: readonly ImportNote[]
}

type Start = (words: readonly string[]) => Launch

const STARTS: Readonly<Record<string, Start>> = {
  npx: fromNpx,
  bunx: fromNpx,
  pnpx: fromNpx,
  uvx: fromUvx,
  docker: fromContainer,
  podman: fromContainer,
}

export function launchOf({ command, args }: Data): Launch {
  const words = [textOf(command), ...(Array.isArray(args) ? args.map(textOf) : [])]
  // `cmd /c npx …` of Windows
  const [first = '', ...rest] =
    /^cmd(\.exe)?$/i.test(words[0]!) && /^\/c$/i.test(words[1] ?? '') ? words.slice(2) : words
  const program = first.replace(/^.*[/\\]/, '').replace(/\.(exe|cmd)$/i, '')
  const start = Object.hasOwn(STARTS, program) ? STARTS[program]! : unknownProgram(program)
  return start(rest)
}

const unknownProgram =
  (program: string): Start =>
  (words) => ({
    source: { image: '', command: [program, ...words] },
    args: [],
    env: [],
    notes: [{ code: 'unknownProgram', what: [program] }],
  })

interface Wanted {
  /** `name@1.2.3`, `name==1.2.3` */
  readonly pattern: RegExp
  readonly registry: 'npm' | 'pypi'
  /** package, then the program where it is another, then its arguments */
  readonly words: readonly string[]
  readonly isNamed: boolean
}

function fromPackage({ pattern, registry, words, isNamed }: Wanted): Launch {
  const [wanted = '', ...rest] = words
  const [, name = wanted, range = ''] = pattern.exec(wanted) ?? []
  const version = exact(range)
  const bin = isNamed ? rest[0] : undefined
  return {
    source: { package: { [registry]: { name, version }, ...(bin === undefined ? {} : { bin }) } },
    args: harmless(isNamed ? rest.slice(1) : rest),
    env: [],
    notes: version === '' ? [{ code: 'noVersion', what: [name] }] : [],
  }
}

function fromNpx(words: readonly string[]): Launch {
  const own = words.slice(words.findIndex((word) => !/^(-y|--yes|-q|--quiet)$/.test(word)))
  const isNamed = own[0] === '-p' || own[0] === '--package'
  return fromPackage({ pattern: /^(@?[^@]+)@(.+)$/, registry: 'npm', words: own.slice(isNamed ? 1 : 0), isNamed })
}

function fromUvx(words: readonly string[]): Launch {
  const isNamed = words[0] === '--from'
  const pattern = /^([^@=\s[]+)(?:\[[^\]]*\])?(?:@|==)(.+)$/
  return fromPackage({ pattern, registry: 'pypi', words: words.slice(isNamed ? 1 : 0), isNamed })
}

/** Options of `docker run` that take the next word. */
const WITH_VALUE =
  /^(-e|--env|-v|--volume|--mount|-p|--publish|--name|--network|--net|-w|--workdir|-u|--user|--entrypoint|--platform|--env-file)$/

function fromContainer(words: readonly string[]): Launch {
  const { env, rest } = takeOptions(words[0] === 'run' ? words.slice(1) : words)
  const [image = '', ...args] = rest
  const notes: ImportNote[] = [
    ...(image.includes('@sha256:') ? [] : [{ code: 'noDigest', what: [image] } as const]),
    { code: 'noCommand', what: [image] },
  ]
  return { source: { image, command: [''] }, args: harmless(args), env, notes }
}

/** `env`: names of the variables among the options. */
function takeOptions(words: readonly string[]): { readonly env: readonly string[]; readonly rest: readonly string[] } {
  const [option = '', next = ''] = words
  if (!option.startsWith('-')) return { env: [], rest: words }
  const below = takeOptions(words.slice(WITH_VALUE.test(option) ? 2 : 1))
  const given = /^(-e|--env)$/.test(option) ? next : (/^(?:-e|--env=)(.+)$/.exec(option)?.[1] ?? '')
  const [name = ''] = given.split('=', 1)
  return name === '' ? below : { ...below, env: [name, ...below.env] }
}

/** One version, no range and no tag. */
const exact = (range: string): string => (/^v?\d+(\.\d+)+[0-9A-Za-z.+-]*$/.test(range) ? range.replace(/^v/, '') : '')

/** `${workspaceFolder}` and the like mean nothing here. */
const harmless = (args: readonly string[]): readonly string[] =>
  args.map((arg) => arg.replace(/\$\{(workspaceFolder|PWD|cwd)[^}]*\}/g, '${WORKDIR}'))
