// One life of the gateway as a child process: started with its files, listened to, ended within its drain time.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import path from 'node:path'
import { parseGatewayEvent, type FatalEvent, type GatewayEvent, type ReadyEvent } from './gateway-events.ts'
import { openLog } from './log-file.ts'
import { readProcessFile } from './lock.ts'
import { readBirth, signalProcess, waitUntilGone } from './processes.ts'
import { StartFault } from './start-fault.ts'

export interface GatewaySetup {
  readonly entry: string
  readonly dataDir: string
  readonly logFile: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface GatewayProcess {
  readonly pid: number
  /** rejects with a StartFault when it ends before it is ready */
  readonly ready: Promise<ReadyEvent>
  /** how it ended, in words */
  readonly exited: Promise<string>
  /** Drains and ends; after the drain time it is killed. Resolves when it is gone; true = it ended in order, so nothing of it is left. */
  stop(): Promise<boolean>
  kill(): void
}

/** the gateway drains for 10 s and then still ends its children and flushes */
const STOP_MS = 20_000
const SWEEP_MS = 30_000
const IN_ORDER = 'exit code 0'

/** Detached: the Ctrl-C of a terminal must reach the launcher alone, which ends the gateway before its database. */
export function startGateway(setup: GatewaySetup, listener: (event: GatewayEvent) => void): GatewayProcess {
  const log = openLog(setup.logFile)
  const logStart = fstatSync(log).size
  let child: ChildProcess
  try {
    // stdout and stderr go to the file itself: a dead launcher must not break the pipe of a gateway that still drains
    const stdio = ['ignore', log, log, 'ipc'] as const
    child = spawn(process.execPath, [setup.entry], {
      cwd: setup.dataDir,
      env: { ...setup.env },
      stdio: [...stdio],
      detached: true,
    })
  } finally {
    closeSync(log)
  }
  const record = path.join(setup.dataDir, 'gateway.json')
  const pid = child.pid ?? 0
  const id = { pid, birth: readBirth(pid) ?? '' }
  writeFileSync(record, JSON.stringify(id), { mode: 0o600 })
  const exited = describeExit(child)
  void exited.then(() => removeRecord(record, pid))
  const kill = (): void => void signalProcess(id, 'SIGKILL')
  return {
    pid,
    ready: awaitReady(child, { exited, logFile: setup.logFile, logStart, listener }),
    exited,
    kill,
    stop: async () => {
      child.kill('SIGTERM')
      if (!(await waitUntilGone(id, STOP_MS))) kill()
      // a gateway that still started when it was asked to end knows no order yet
      return (await exited) === IN_ORDER
    },
  }
}

function removeRecord(record: string, pid: number): void {
  if (readProcessFile(record)?.pid === pid) rmSync(record, { force: true })
}

function describeExit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

interface Awaiting {
  readonly exited: Promise<string>
  readonly logFile: string
  /** the log's length before this start */
  readonly logStart: number
  readonly listener: (event: GatewayEvent) => void
}

function awaitReady(child: ChildProcess, awaiting: Awaiting): Promise<ReadyEvent> {
  let fatal: FatalEvent | null = null
  const ready = new Promise<ReadyEvent>((resolve, reject) => {
    child.on('message', (message) => {
      const event = parseGatewayEvent(message)
      if (!event) return
      if (event.type === 'ready') resolve(event)
      if (event.type === 'fatal') fatal = event
      else awaiting.listener(event)
    })
    void awaiting.exited.then(async (how) => {
      // what it said last may still be in the channel
      if (child.connected) await once(child, 'disconnect', { signal: AbortSignal.timeout(1_000) }).catch(() => {})
      reject(explainEnd(fatal, how, awaiting))
    })
  })
  // whoever does not wait for it (a stop during the start) must not be told of a rejection
  ready.catch(() => {})
  return ready
}

function explainEnd(fatal: FatalEvent | null, how: string, { logFile, logStart }: Awaiting): StartFault {
  if (fatal) return new StartFault(fatal.message, fatal.fix ?? `Its log is ${logFile}.`)
  const reason = readErrorLine(logFile, logStart) ?? how
  return new StartFault(`The gateway ended while it started: ${reason}`, `Its log is ${logFile}.`)
}

/** What a crash of Node itself wrote since `start`: the line that names the error. */
function readErrorLine(logFile: string, start: number): string | null {
  const lines = readFileSync(logFile).subarray(start).toString('utf8').split('\n')
  return lines.find((line) => /^\w*(Error|Exception)\b.*:/.test(line))?.slice(0, 500) ?? null
}

/** Ends the gateway that a killed launcher left; it drains by itself since its launcher is gone. True = there was one. */
export async function endLeftoverGateway(dataDir: string): Promise<boolean> {
  const record = path.join(dataDir, 'gateway.json')
  const id = readProcessFile(record)
  const found = id !== null && signalProcess(id, 'SIGTERM')
  if (found && !(await waitUntilGone(id, STOP_MS))) {
    signalProcess(id, 'SIGKILL')
    await waitUntilGone(id, 5_000)
  }
  rmSync(record, { force: true })
  return found
}

/** Ends the children of users that a gateway which was killed left behind. Never throws: the gateway sweeps again when it starts. */
export async function sweepChildren(setup: GatewaySetup): Promise<void> {
  await new Promise<void>((resolve) => {
    const options = { cwd: setup.dataDir, env: { ...setup.env }, timeout: SWEEP_MS }
    execFile(process.execPath, [setup.entry, '--sweep-orphans'], options, () => resolve())
  })
}
