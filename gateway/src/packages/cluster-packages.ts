// Adapter of the Packages port for a cluster: nothing is installed here. Pods bring their packages along, and whether they do is said by the
// condition of their McpServer.
import type { PackageState, Packages } from './packages.ts'

const READY: PackageState = { state: 'Ready', command: [], folder: '' }

export const CLUSTER_PACKAGES: Packages = {
  state: () => READY,
  ensure: async () => READY,
  onChange: () => () => undefined,
}
