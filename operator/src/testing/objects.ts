// Objects for tests, as the API server would hold them: defaults filled in by the schemas the CRDs are made of.
import { API_VERSION, mcpServerSpec, userGroupSpec, type McpServerSpec, type UserGroupSpec } from '@mcphub/api'
import type { KubeObject } from '@mcphub/kube'
import type { z } from 'zod'
import type { PodSettings } from '../pods/settings.ts'

export const NAMESPACE = 'hub-sandboxes'
export const IMAGE = `registry.example/everything@sha256:${'a'.repeat(64)}`

export const POD_SETTINGS: PodSettings = {
  namespace: NAMESPACE,
  hubNamespace: 'hub',
  instance: 'hub',
  callHomeUrl: 'https://mcphub-internal.hub.svc:8443/internal/call-home',
  callHomeIp: '10.96.0.20',
  blockedCidrs: [],
  dnsCidrs: [],
  nodeImage: 'registry.example/node:1',
  pythonImage: 'registry.example/python:1',
  shimImage: 'registry.example/shim:1',
  shimDelivery: 'ImageVolume',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [],
  hostUsers: true,
  allowedImages: [],
  priorityClass: null,
  registry: { url: null, cidrs: [], secret: null, httpsProxy: null, noProxy: null },
}

type StdioInput = NonNullable<z.input<typeof mcpServerSpec>['stdio']>

export const makeServerSpec = (stdio: Partial<StdioInput> = {}, rest: object = {}): McpServerSpec =>
  mcpServerSpec.parse({ type: 'Stdio', stdio: { image: IMAGE, command: ['/server'], ...stdio }, ...rest })

export const makeServer = (name: string, stdio: Partial<StdioInput> = {}, rest: object = {}): KubeObject => ({
  apiVersion: API_VERSION,
  kind: 'McpServer',
  metadata: { namespace: NAMESPACE, name },
  spec: makeServerSpec(stdio, rest),
})

export const makeGroupSpec = (spec: Partial<z.input<typeof userGroupSpec>> = {}): UserGroupSpec =>
  userGroupSpec.parse({ servers: [], ...spec })

/** The keyed hash of a person. */
export const userRefOf = (person: string): string => person.replace(/[^a-z]/g, '').padEnd(32, 'a')
