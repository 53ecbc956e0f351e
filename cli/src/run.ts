// What every command works with: the hub, the options that hold for all, and one way to show a result.
import type { Command } from 'commander'
import { createClient } from './client.ts'
import type { Client } from './client.ts'
import { resolveTarget } from './config.ts'
import type { Environment, Target, TargetOptions } from './config.ts'
import { print } from './terminal.ts'

export interface Globals extends TargetOptions {
  readonly json?: boolean
}

export interface Run {
  readonly environment: Environment
  readonly globals: Globals
  /** resolved at the first use, so that commands without a hub need none */
  readonly target: Target
  readonly client: Client
  /** `data` as JSON under --json, else the text for people. The shape of `data` is documented (docs/guides/cli.md). */
  show(data: unknown, text: () => string): void
  /** A change without an answer of its own. */
  done(sentence: string): void
}

export function openRun(environment: Environment, globals: Globals): Run {
  let target: Target | null = null
  let client: Client | null = null
  const run: Run = {
    environment,
    globals,
    get target() {
      target ??= resolveTarget(globals, environment)
      return target
    },
    get client() {
      client ??= createClient(run.target)
      return client
    },
    show: (data, text) => print(globals.json ? JSON.stringify(data, null, 2) : text()),
    done: (sentence) => run.show({ ok: true }, () => sentence),
  }
  return run
}

/** commander calls an action with (…arguments, options, command). */
export type Action<Input extends readonly unknown[]> = (run: Run, ...input: Input) => Promise<void> | void

export function act<Input extends readonly unknown[]>(environment: Environment, action: Action<Input>) {
  return async (...received: unknown[]): Promise<void> => {
    const command = received.at(-1) as Command
    await action(openRun(environment, command.optsWithGlobals()), ...(received.slice(0, -1) as unknown as Input))
  }
}

/** Repeats of an option gathered into a list. */
export const gather = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value]

export const example = (...lines: readonly string[]): string =>
  `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
