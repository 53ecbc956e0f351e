import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createLogger } from './logger.ts'
import { createShutdown } from './shutdown.ts'

const quiet = () => createLogger({ level: 'silent' })

/** A process whose steps print their names; `hang` never ends. */
function startProgram(hang: boolean): ChildProcess {
  const here = (file: string) => new URL(file, import.meta.url).href
  const script = `
    import { createLogger } from '${here('./logger.ts')}'
    import { createShutdown } from '${here('./shutdown.ts')}'
    const shutdown = createShutdown({ logger: createLogger({ level: 'silent' }), deadlineMs: 5000, exit: (code) => process.exit(code) })
    shutdown.addStep('a', () => console.log('step a'))
    shutdown.addStep('b', () => ${hang ? 'new Promise(() => {})' : "console.log('step b')"})
    shutdown.listenToSignals()
    setInterval(() => {}, 1000)
    console.log('up')`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function waitFor(child: ChildProcess, text: string): Promise<void> {
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    if (String(chunk).includes(text)) return
  }
  throw new Error(`no "${text}"`)
}

describe('shutdown', () => {
  test('GW-14: steps run in order, a failing or hanging one does not stop the next, the deadline holds', async () => {
    const order: string[] = []
    const shutdown = createShutdown({ logger: quiet(), deadlineMs: 50, exit: () => {} })
    shutdown.addStep('fails', () => Promise.reject(new Error('x')))
    shutdown.addStep('hangs', () => new Promise(() => {}))
    shutdown.addStep('flush', async () => void order.push('flush'))
    shutdown.putFirst('readiness', () => void order.push('readiness'))
    const started = performance.now()
    const codes = await Promise.all([shutdown.run('test'), shutdown.run('again')])
    expect(codes).toEqual([1, 1])
    expect(order).toEqual(['readiness', 'flush'])
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('SIGTERM runs the steps and exits 0', async () => {
    const child = startProgram(false)
    await waitFor(child, 'up')
    child.kill('SIGTERM')
    await waitFor(child, 'step b')
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
    expect(code).toBe(0)
  })

  test('a second signal does not wait for a step that hangs', async () => {
    const child = startProgram(true)
    await waitFor(child, 'up')
    child.kill('SIGINT')
    await waitFor(child, 'step a')
    const started = performance.now()
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(code).toBe(130)
    expect(performance.now() - started).toBeLessThan(3000)
  })
})
