#!/usr/bin/env node
// The operator's process: reads the environment, runs until SIGTERM, ends in order.
import { EXIT_CODES, HubError } from '@mcphub/api'
import { readInCluster, readKubeconfig, type Credentials } from '@mcphub/kube'
import { describeConfig, readConfig, type Config } from './config.ts'
import { operate } from './operator.ts'
import { createLogger } from './platform/logger.ts'
import { resolveCallHome } from './platform/resolve-call-home.ts'

const HELP = `mcphub-operator: gives every McpSandbox its pod, and every McpServer its network policy and warm pool.

Usage: node operator/src/main.ts [--help]

It is configured by the environment:
${describeConfig()}
`

const readCredentials = ({ api }: Config): Promise<Credentials> =>
  'kubeconfig' in api ? readKubeconfig(api.kubeconfig) : readInCluster(api)

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return EXIT_CODES.ok
  }
  if (args[0] !== undefined) throw new HubError('invalid_request', `Unknown option "${args[0]}"; see --help`)
  const config = readConfig(process.env)
  const log = createLogger(config.logLevel, (line) => process.stdout.write(line))
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  const callHomeIp = config.pods.callHomeIp ?? (await resolveCallHome(config.pods.callHomeUrl))
  if (callHomeIp === null) log.warn('The name of the call-home is not known here; pods need DNS to find it')
  const end = await operate({
    config: { ...config, pods: { ...config.pods, callHomeIp } },
    credentials: await readCredentials(config),
    log,
    signal: stop.signal,
    onListening: (ports) => log.info('Probes and metrics are served', ports),
  })
  log.info('The operator ends', { end })
  // whoever lost the lead begins anew as one that does not lead
  return end === 'stopped' ? EXIT_CODES.ok : EXIT_CODES.failure
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(error instanceof HubError && error.code === 'invalid_request' ? EXIT_CODES.usage : EXIT_CODES.failure)
  },
)
