// mcphub doctor: what may be wrong on this side and on the hub's, each with its fix.
import type { Command } from 'commander'
import { EXIT_CODES } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { runChecks } from '../doctor/checks.ts'
import type { Finding } from '../doctor/checks.ts'
import { gatherFacts } from '../doctor/facts.ts'
import { CliFault } from '../fault.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'
import { clean } from '../text.ts'

export function addDoctorCommand(program: Command, environment: Environment): void {
  program
    .command('doctor')
    .description('Check this side and the hub; each fault with its fix')
    .addHelpText('after', example('mcphub doctor', "mcphub doctor --json | jq '.items[] | select(.ok | not)'"))
    .action(act(environment, doctor))
}

async function doctor(run: Run): Promise<void> {
  const items = runChecks(await gatherFacts(run.globals, run.environment))
  run.show({ items }, () => items.map(line).join('\n'))
  const failed = items.filter(({ ok, severity }) => !ok && severity === 'error')
  if (failed.length === 0) return
  throw new CliFault(`${failed.length} of ${items.length} checks failed.`, {
    exit: EXIT_CODES.failure,
    code: 'unhealthy',
  })
}

function line({ ok, severity, side, title, message, fix }: Finding): string {
  const mark = ok ? '✓' : severity === 'error' ? '✗' : '!'
  const first = `${mark} ${side === 'hub' ? 'hub: ' : ''}${clean(title)}: ${clean(message)}`
  return fix === null ? first : `${first}\n    ${clean(fix)}`
}
