// All suites of `make bench`, in the order they run.
import type { Suite } from './suite.ts'
import { CALL_SUITES } from './suites/calls.ts'
import { FAN_OUT } from './suites/fan-out.ts'
import { HUGE } from './suites/huge.ts'
import { IDLE_SESSIONS } from './suites/idle-sessions.ts'
import { OPEN_STREAMS } from './suites/open-streams.ts'
import { PODS } from './suites/pods.ts'
import { PREPARED } from './suites/prepared.ts'
import { STDIO } from './suites/stdio.ts'
import { STORM } from './suites/storm.ts'

export const SUITES: readonly Suite[] = [
  ...CALL_SUITES,
  HUGE,
  STORM,
  IDLE_SESSIONS,
  OPEN_STREAMS,
  FAN_OUT,
  STDIO,
  PREPARED,
  PODS,
]
