#!/usr/bin/env node
// `make run`: checks what must be there before anything else can be loaded, then starts the hub.
// Imports nothing that needs an installed package: a half-finished install must be told, not crash.
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { checkInstall, checkNode, mendInstall } from './install-check.ts'
import { HELP, readOptions, type Options } from './options.ts'
import { StartFault } from './start-fault.ts'

function ensureInstalled({ clone, env, json }: Options): void {
  const fault = checkInstall(clone)
  if (!fault) return
  if (!json) process.stdout.write(`The installation is incomplete (${fault}): mending it with npm ci\n`)
  mendInstall(clone, env)
  const again = checkInstall(clone)
  if (again) throw new StartFault(`The installation stays incomplete: ${again}.`, 'Run `make clean` and start again.')
}

async function main(): Promise<number> {
  const clone = realpathSync(path.join(import.meta.dirname, '../..'))
  const options = readOptions({
    args: process.argv.slice(2),
    env: process.env,
    clone,
    uid: process.getuid?.(),
    isTerminal: process.stdout.isTTY === true,
  })
  if (options.help) {
    process.stdout.write(HELP)
    return 0
  }
  checkNode(process.versions.node)
  ensureInstalled(options)
  const { runHub } = await import('./hub.ts')
  return runHub(options)
}

// a closed terminal must not end the launcher before it has ended what it started
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

main().then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    const fault = thrown instanceof StartFault ? thrown : null
    process.stderr.write(fault ? `${fault.message}\n${fault.fix}\n` : `The launcher failed: ${String(thrown)}\n`)
    process.exit(1)
  },
)
