import { HubError } from '@mcphub/api'
import { expect, test } from 'vitest'
import { describeConfig, readConfig } from './config.ts'

const ENV = {
  MCPHUB_NAMESPACE: 'hub',
  MCPHUB_SANDBOX_NAMESPACE: 'hub-sandboxes',
  MCPHUB_INSTANCE: 'hub',
  MCPHUB_POD_NAME: 'operator-1',
  MCPHUB_CALL_HOME_URL: 'https://mcphub-internal.hub.svc:8443/internal/call-home',
  MCPHUB_NODE_IMAGE: 'ghcr.io/acme/node:1',
  MCPHUB_PYTHON_IMAGE: 'ghcr.io/acme/python:1',
  MCPHUB_SHIM_IMAGE: 'ghcr.io/acme/shim:1',
  KUBERNETES_SERVICE_HOST: '10.96.0.1',
  KUBERNETES_SERVICE_PORT: '443',
}

function faultsOf(env: Record<string, string>): Record<string, string> {
  try {
    readConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(HubError)
    return Object.fromEntries(((error as HubError).details.faults ?? []).map(({ field, message }) => [field, message]))
  }
  return {}
}

test('what a pod of the chart has is enough; an empty variable is an absent one', () => {
  const config = readConfig({
    ...ENV,
    MCPHUB_PRIORITY_CLASS: '',
    MCPHUB_IMAGE_PULL_SECRETS: 'a, b',
    MCPHUB_ALLOWED_SECRETS: 'a,b',
  })
  expect(config).toMatchObject({
    api: { host: '10.96.0.1', port: '443' },
    identity: 'operator-1',
    sandboxesPerUser: 10,
    sandboxTtlDays: 30,
    healthPort: 8081,
    metricsPort: 8080,
    pods: { priorityClass: null, imagePullSecrets: ['a', 'b'], hostUsers: true, shimDelivery: 'InitContainer' },
  })
})

test('all faults at once, each with its variable and the fix, never with its value', () => {
  const faults = faultsOf({
    ...ENV,
    MCPHUB_NAMESPACE: '',
    MCPHUB_CALL_HOME_URL: 'http://SECRET',
    MCPHUB_HOST_USERS: 'SECRET',
  })
  expect(Object.keys(faults).sort()).toEqual(['MCPHUB_CALL_HOME_URL', 'MCPHUB_HOST_USERS', 'MCPHUB_NAMESPACE'])
  expect(faults['MCPHUB_NAMESPACE']).toMatch(/is not set/)
  expect(JSON.stringify(faults)).not.toContain('SECRET')
})

test('what the admission policy would refuse later is refused now', () => {
  const lists = { MCPHUB_ALLOWED_IMAGES: 'ghcr.io/acme', MCPHUB_ALLOWED_SECRETS: 'npm' }
  expect(faultsOf({ ...ENV, ...lists })).toEqual({})
  expect(Object.keys(faultsOf({ ...ENV, ...lists, MCPHUB_SHIM_IMAGE: 'ghcr.io/acme-evil/shim:1' }))).toEqual([
    'MCPHUB_SHIM_IMAGE',
  ])
  expect(Object.keys(faultsOf({ ...ENV, ...lists, MCPHUB_REGISTRY_SECRET: 'other' }))).toEqual([
    'MCPHUB_REGISTRY_SECRET',
  ])
  expect(Object.keys(faultsOf({ ...ENV, ...lists, MCPHUB_IMAGE_PULL_SECRETS: 'npm pull' }))).toEqual([
    'MCPHUB_IMAGE_PULL_SECRETS',
  ])
})

test('outside a cluster a kubeconfig is asked for', () => {
  const { KUBERNETES_SERVICE_HOST: _host, ...outside } = ENV
  expect(Object.keys(faultsOf(outside))).toEqual(['KUBECONFIG'])
  expect(readConfig({ ...outside, KUBECONFIG: '/k' }).api).toEqual({ kubeconfig: '/k' })
})

test('the help names every variable with its default', () => {
  const help = describeConfig()
  for (const name of Object.keys(ENV)) expect(help).toContain(name)
  expect(help).toMatch(/MCPHUB_SANDBOX_TTL_DAYS .*\[30\]/)
})
