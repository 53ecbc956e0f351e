// Ends the postmaster when the launcher is killed: a shell that waits for the end of a pipe that only the launcher's death closes.
import { spawn } from 'node:child_process'

/** How long the gateway may go on with its database after the launcher's death; it ends itself within its drain time. */
const GRACE_SECONDS = 12

/** Not needed for correctness (the next start ends what it finds), but nobody wants a database running until then. */
export function startWatchdog(pid: number): { stop(): void } {
  const script = `read -r _; sleep ${GRACE_SECONDS}; kill -INT "$1"`
  const shell = spawn('/bin/sh', ['-c', script, 'mcphub-watchdog', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
    detached: true,
  })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  // neither the shell nor its pipe keeps the launcher alive
  shell.unref()
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return { stop: () => void shell.kill('SIGKILL') }
}
