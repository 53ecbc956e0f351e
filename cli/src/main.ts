#!/usr/bin/env node
// mcphub: everything an administrator or user needs without a browser, over the hub's REST API.
import { readEnvironment } from './config.ts'
import { runProgram } from './program.ts'

// `mcphub … | head` is no fault
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runProgram(process.argv.slice(2), readEnvironment())
