// mcphub completion: a script for the shell, written from the command tree, so it cannot miss a command.
import { Argument } from 'commander'
import type { Command } from 'commander'
import { print } from '../terminal.ts'
import { example } from '../run.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** One place of the tree: `users add` → what can stand after it. */
interface Place {
  readonly path: string
  readonly commands: readonly string[]
  readonly options: readonly string[]
}

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('A completion script for your shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      example(
        'eval "$(mcphub completion bash)"',
        'mcphub completion zsh > ~/.zfunc/_mcphub',
        'mcphub completion fish > ~/.config/fish/completions/mcphub.fish',
      ),
    )
    .action((shell: Shell) => print(WRITERS[shell](listPlaces(program))))
}

function listPlaces(command: Command, path: readonly string[] = [], inherited: readonly string[] = []): Place[] {
  const own = command.createHelp().visibleOptions(command)
  const options = [...new Set([...own.map((option) => option.long ?? option.short ?? ''), ...inherited])].filter(
    (flag) => flag !== '--version',
  )
  const commands = command.commands.map((child) => child.name())
  return [
    { path: path.join(' '), commands, options },
    ...command.commands.flatMap((child) => listPlaces(child, [...path, child.name()], options)),
  ]
}

const childPaths = (places: readonly Place[]): string[] => places.map(({ path }) => path).filter(Boolean)
const words = ({ commands, options }: Place): string => [...commands, ...options].join(' ')

/** Walks the words before the cursor down the tree; runs in bash 3.2 and later. */
const WRITERS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash: (places) => `# mcphub completion for bash
_mcphub() {
  local cur path word i words
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  path=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "\${path:+$path }$word" in
${childPaths(places)
  .map((path) => `      '${path}') path='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${places.map((place) => `    '${place.path}') words='${words(place)}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _mcphub mcphub`,

  zsh: (places) => `#compdef mcphub
_mcphub() {
  local where word
  for word in \${words[2,CURRENT-1]}; do
    case "\${where:+$where }$word" in
${childPaths(places)
  .map((path) => `      '${path}') where='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$where" in
${places.map((place) => `    '${place.path}') compadd -- ${words(place)} ;;`).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_mcphub" ]; then _mcphub "$@"; else compdef _mcphub mcphub; fi`,

  fish: (places) => `# mcphub completion for fish
function __mcphub_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch (string trim "$at $word")
      case ${childPaths(places)
        .map((path) => `'${path}'`)
        .join(' ')}
        set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
complete -c mcphub -f
${places.map((place) => `complete -c mcphub -n "__mcphub_at '${place.path}'" -a '${words(place)}'`).join('\n')}`,
}
