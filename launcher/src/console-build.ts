// Builds the console beside everything else that starts: the hub serves without it, and shows it from the moment it is there.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

export interface ConsoleBuild {
  stop(): void
}

/** `onFault`: the build failed; the hub works all the same. */
export function startConsoleBuild(clone: string, onFault: () => void): ConsoleBuild {
  const script = path.join(clone, 'scripts/build-console.ts')
  if (!existsSync(script)) return { stop: () => undefined }
  const build = spawn(process.execPath, [script], { cwd: clone, stdio: 'ignore' })
  build.once('error', onFault)
  build.once('exit', (code) => {
    if (code !== null && code !== 0) onFault()
  })
  return { stop: () => void build.kill() }
}
