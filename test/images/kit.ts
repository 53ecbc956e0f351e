// What the checks of the images share: one-shot containers as a hardened pod would run them.
import { spawn } from 'node:child_process'
import { describe } from 'vitest'

/** `ready`, or why there is no engine (main.ts). */
const STATE = process.env['MCPHUB_ENGINE'] ?? 'started by test/images/main.ts alone'

/** Skipped by name where there is no engine. */
export const describeImages = (name: string, define: () => void): void => {
  if (STATE === 'ready') describe(name, define)
  else describe.skip(`${name} (skipped: ${STATE})`, define)
}

/** As the operator makes pods: read-only root, no capability, no new privileges. */
export const HARDENED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--network=none']

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `docker run --rm` with these arguments; its end is no fault. Input ends at once, or when it has printed `until`: many a server ends with its input, answered or not. */
export function runContainer(args: readonly string[], input = '', until = ''): Promise<Ended> {
  const child = spawn('docker', ['run', '--rm', '--interactive', ...args], { stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    if (stdout.includes(until)) child.stdin.end()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  child.stdin.on('error', () => {})
  child.stdin.write(input)
  if (until === '') child.stdin.end()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
  })
}

const lines = (messages: readonly object[]): string => messages.map((one) => `${JSON.stringify(one)}\n`).join('')

/** A conversation of one call, as a client would write it in one go. */
export const conversation = (tool: string, args: object): string =>
  lines([
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'check', version: '1' } },
    },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: tool, arguments: args } },
  ])
