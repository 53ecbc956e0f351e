// Two nodes: traffic, DNS and policies across them, and what is seen when one is lost.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '../../kit/wait-until.ts'
import { API_SERVICE_IP, NODE1 } from '../settings.ts'
import type { Scene } from './kit.ts'
import { PORT, buildPod, openScene } from './kit.ts'

describe.runIf(inject('own') && inject('proves').includes('two nodes'))('two nodes', () => {
  let scene: Scene
  let addresses: Record<'server1' | 'server2', string>
  const on = (nodeName: string, name: string, labels = {}): object => buildPod(name, { labels, spec: { nodeName } })
  const urlOf = (name: 'server1' | 'server2'): string => `http://${addresses[name]}:${PORT}/`

  beforeAll(async () => {
    scene = await openScene('nodes')
    await scene.cluster.addNode()
    const gateway = { role: 'gateway' }
    await scene.startPods(
      ...[on('node1', 'server1'), on('node1', 'gateway1', gateway), on('node1', 'other1')],
      ...[on('node2', 'server2'), on('node2', 'gateway2', gateway), on('node2', 'other2')],
    )
    await scene.kubectl('expose', 'pod', 'server2', '--port=80', `--target-port=${PORT}`)
    addresses = { server1: await scene.addressOf('server1'), server2: await scene.addressOf('server2') }
  })
  afterAll(async () => {
    await scene.close()
    await scene.cluster.removeNode()
  })

  test('pods reach each other across nodes in both directions', async () => {
    expect(await scene.fetchFrom('other1', urlOf('server2'))).toBe('server2')
    expect(await scene.fetchFrom('other2', urlOf('server1'))).toBe('server1')
  })

  test('a Service and its DNS name work from both nodes', async () => {
    await until(async () => expect(await scene.fetchFrom('other1', 'http://server2/')).toBe('server2'))
    await until(async () => expect(await scene.fetchFrom('other2', 'http://server2/')).toBe('server2'))
  })

  test('an ingress policy holds across nodes: the gateway passes, others do not', async () => {
    const api = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }
    const servers = { matchExpressions: [{ key: 'app', operator: 'In', values: ['server1', 'server2'] }] }
    const from = [{ podSelector: { matchLabels: { role: 'gateway' } } }]
    const shut = { podSelector: { matchLabels: { app: 'other2' } }, policyTypes: ['Egress'] }
    await scene.apply(
      {
        ...api,
        metadata: { name: 'in' },
        spec: { podSelector: servers, policyTypes: ['Ingress'], ingress: [{ from }] },
      },
      { ...api, metadata: { name: 'out' }, spec: shut },
    )
    await until(async () => expect(await scene.fetchFrom('other1', urlOf('server2'))).toBeNull())
    await until(async () => expect(await scene.fetchFrom('other2', urlOf('server1'))).toBeNull())
    expect(await scene.fetchFrom('gateway1', urlOf('server2'))).toBe('server2')
    expect(await scene.fetchFrom('gateway2', urlOf('server1'))).toBe('server1')
  })

  test('an egress policy closes the API server and the other node from node 2', async () => {
    expect(await scene.connects('gateway2', API_SERVICE_IP, 443)).toBe(true)
    expect(await scene.connects('other2', API_SERVICE_IP, 443)).toBe(false)
    expect(await scene.connects('other2', NODE1.ip, 10_250)).toBe(false)
  })

  test('a node whose plug is pulled is Unknown within a minute, and its pods answer nobody', async () => {
    await scene.cluster.loseNode()
    expect(await scene.fetchFrom('gateway1', urlOf('server2'))).toBeNull()
    const ready = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`
    await until(async () => expect(await scene.kubectl('get', 'node', 'node2', '-o', ready)).toBe('Unknown'), 90_000)
  })
})
