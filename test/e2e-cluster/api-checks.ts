// What other suites ask of a real API server: does it take the chart and the definitions, does the client read it rightly. Before the hub is there:
// those of the definitions make them and remove them again, one after the other; the client's need none, and run beside.
import type { Cluster } from '../cluster/cluster.ts'
import { ETCD_URL } from '../cluster/settings.ts'
import { API_RESULTS_FILES, type ApiSuite } from './settings.ts'
import { runVitest } from './vitest.ts'

const SUITES: Readonly<Record<ApiSuite, readonly string[]>> = {
  definitions: [
    'test/chart/api-server.int.test.ts',
    'test/chart/lifecycle.int.test.ts',
    'test/crds/api-server.int.test.ts',
  ],
  client: [
    'packages/kube/src/testing/fake-api-server.int.test.ts',
    'packages/kube/src/perturbations-real.int.test.ts',
    'operator/src/policies/round-trip.int.test.ts',
  ],
}

/** null: they can run. */
export async function whyNoApiChecks(cluster: Cluster): Promise<string | null> {
  if (!cluster.own) return 'they would take over the definitions of a cluster that is not ours'
  const definitions = await cluster.kubectl(['get', 'crds', '-o', 'name'])
  return definitions.includes('mcphub.io') ? 'a hub is installed already' : null
}

/** 0 when all passed. */
export async function checkApi(cluster: Cluster): Promise<number> {
  const env = { MCPHUB_TEST_KUBECONFIG: cluster.kubeconfig, MCPHUB_TEST_ETCD: ETCD_URL }
  const run = (suite: ApiSuite): Promise<number> => {
    const results = ['--reporter=default', '--reporter=json', `--outputFile.json=${API_RESULTS_FILES[suite]}`]
    return runVitest(cluster, ['--no-file-parallelism', ...results, ...SUITES[suite]], env)
  }
  const [ofDefinitions, ofClient] = await Promise.all([run('definitions'), run('client')])
  // Helm must find none of them: they would belong to nobody
  await cluster.kubectl(['wait', '--for=delete', 'crds', '--all', '--timeout=60s'])
  return ofDefinitions || ofClient
}
