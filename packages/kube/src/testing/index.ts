// @mcphub/kube/testing: an API server in memory and the suite that it and the real one must pass.
export { FakeApiServer, type FakeApiServerOptions, type TokenReviewStatus } from './fake-api-server.ts'
export type { FakeCall } from './fake-request.ts'
export { isWrite, type Fault, type FaultAction } from './faults.ts'
