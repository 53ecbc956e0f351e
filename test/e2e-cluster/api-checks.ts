// What other suites ask of a real API server: does it take the chart and the definitions, does the client read it rightly. Before the hub is there:
// they define the resources and remove them again.
import type { Cluster } from '../cluster/cluster.ts'
import { API_RESULTS_FILE } from './settings.ts'
import { runVitest } from './vitest.ts'

const FILES = [
  'test/chart',
  'test/crds/api-server.int.test.ts',
  'packages/kube/src/testing/fake-api-server.int.test.ts',
  'operator/src/policies/round-trip.int.test.ts',
]

/** null: they can run. */
export async function whyNoApiChecks(cluster: Cluster): Promise<string | null> {
  if (!cluster.own) return 'they would take over the definitions of a cluster that is not ours'
  const definitions = await cluster.kubectl(['get', 'crds', '-o', 'name'])
  return definitions.includes('mcphub.io') ? 'a hub is installed already' : null
}

/** 0 when all passed. */
export async function checkApi(cluster: Cluster): Promise<number> {
  const results = ['--reporter=default', '--reporter=json', `--outputFile.json=${API_RESULTS_FILE}`]
  const args = ['--no-file-parallelism', ...results, ...FILES]
  const code = await runVitest(cluster, args, { MCPHUB_TEST_KUBECONFIG: cluster.kubeconfig })
  // Helm must find none of them: they would belong to nobody
  await cluster.kubectl(['wait', '--for=delete', 'crds', '--all', '--timeout=60s'])
  return code
}
