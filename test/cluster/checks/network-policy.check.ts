// NetworkPolicy is enforced: what deny-all blocks, what labels let through, and that a new pod is at no moment open.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '../../kit/wait-until.ts'
import { API_SERVICE_IP, DNS_IP, NODE1 } from '../settings.ts'
import type { Scene } from './kit.ts'
import { PORT, buildPod, openScene } from './kit.ts'

const policy = (name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  spec,
})
const DENY_ALL = policy('deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
const selected = (matchLabels: object): object => ({ podSelector: { matchLabels } })

const toHex = (byte: string): string => Number(byte).toString(16).toUpperCase().padStart(2, '0')

/** Speaks on one connection ten times a second; says "cut" when nothing came back for two seconds, "alive" after twenty. */
const KEEP_TALKING = `
let last = Date.now(), heard = 0
const socket = require('node:net').connect(+process.argv[2], process.argv[1])
socket.on('data', () => { last = Date.now(); heard++ }).on('error', () => {})
setInterval(() => socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'), 100)
setInterval(() => { if (heard > 0 && Date.now() - last > 2000) { console.log('cut'); process.exit() } }, 100)
setTimeout(() => { console.log('alive', heard); process.exit() }, 20000)`

/** Eighty tries in the first two seconds of a pod's life; says how many got through. */
const TRY_EARLY = `
let open = 0, tries = 0
const timer = setInterval(() => {
  const socket = require('node:net').connect(443, '${API_SERVICE_IP}', () => { open++; socket.destroy() }).on('error', () => {})
  if (++tries < 80) return
  clearInterval(timer)
  setTimeout(() => { console.log('open', open); process.exit() }, 500)
}, 20)`
const earlyPod = buildPod('early', {
  spec: { restartPolicy: 'Never' },
  container: { command: ['node', '-e', TRY_EARLY], readinessProbe: undefined },
})

describe.runIf(inject('own') && inject('proves').includes('deny enforced'))('NetworkPolicy', () => {
  let scene: Scene
  let outside: Scene
  let server: string

  beforeAll(async () => {
    ;[scene, outside] = await Promise.all([openScene('policy'), openScene('policy-outside')])
    await scene.startPods(buildPod('server'), buildPod('gateway', { labels: { role: 'gateway' } }), buildPod('other'))
    await outside.startPods(buildPod('stranger'))
    await scene.kubectl('expose', 'pod', 'server', '--port=80', `--target-port=${PORT}`)
    server = `http://${await scene.addressOf('server')}:${PORT}/`
  })
  afterAll(() => Promise.all([scene.close(), outside.close()]))

  test('without a policy everything is open: the control for all that follows', async () => {
    expect(await scene.fetchFrom('other', server)).toBe('server')
    expect(await outside.fetchFrom('stranger', server)).toBe('server')
    expect(await scene.connects('other', API_SERVICE_IP, 443)).toBe(true)
    expect(await scene.connects('other', NODE1.ip, 10_250)).toBe(true)
    expect(await scene.connects('other', DNS_IP, 53)).toBe(true)
  })

  test('deny-all cuts a connection that is already open', async () => {
    const address = await scene.addressOf('server')
    const talk = scene.exec('other', 'node', '-e', KEEP_TALKING, address, String(PORT))
    // the server's kernel lists the peer, its address in hexadecimal and backwards, as established (01)
    const peer = (await scene.addressOf('other')).split('.').reverse().map(toHex).join('')
    const established = new RegExp(`${peer}:[0-9A-F]{4} 01 `)
    await until(async () =>
      expect(await scene.exec('server', 'cat', '/proc/net/tcp', '/proc/net/tcp6')).toMatch(established),
    )
    await scene.apply(DENY_ALL)
    expect(await talk).toBe('cut\n')
  })

  test('under deny-all a pod reaches no pod, not the API server by Service or node, no kubelet and no DNS', async () => {
    expect(await scene.fetchFrom('other', server)).toBeNull()
    expect(await outside.fetchFrom('stranger', server)).toBeNull()
    expect(await scene.connects('other', API_SERVICE_IP, 443)).toBe(false)
    expect(await scene.connects('other', NODE1.ip, 6443)).toBe(false)
    expect(await scene.connects('other', NODE1.ip, 10_250)).toBe(false)
    expect(await scene.connects('other', DNS_IP, 53)).toBe(false)
  })

  test('under deny-all exec and the kubelet probes go on', async () => {
    expect(await scene.exec('server', 'echo', 'heard')).toBe('heard\n')
    expect(await scene.kubectl('get', 'pod', 'server', '-o', 'jsonpath={.status.containerStatuses[0].ready}')).toBe(
      'true',
    )
  })

  test('a new pod under deny-all gets not one packet out in its first two seconds; its twin without a policy does', async () => {
    await Promise.all([scene.apply(earlyPod), outside.apply(earlyPod)])
    await until(async () => expect(await outside.kubectl('logs', 'early')).toMatch(/^open [1-9]/), 30_000)
    await until(async () => expect(await scene.kubectl('logs', 'early')).toBe('open 0\n'), 30_000)
  })

  test('labels let the gateway through, by address and by DNS name, and nobody else', async () => {
    const dns = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    }
    const ports = [{ port: PORT }]
    await scene.apply(
      policy('server-from-gateway', {
        ...selected({ app: 'server' }),
        policyTypes: ['Ingress'],
        ingress: [{ from: [selected({ role: 'gateway' })], ports }],
      }),
      policy('gateway-out', {
        ...selected({ role: 'gateway' }),
        policyTypes: ['Egress'],
        egress: [
          { to: [selected({ app: 'server' })], ports },
          { to: [dns], ports: [{ port: 53, protocol: 'UDP' }] },
        ],
      }),
    )
    await until(async () => expect(await scene.fetchFrom('gateway', 'http://server/')).toBe('server'))
    expect(await scene.fetchFrom('gateway', server)).toBe('server')
    expect(await scene.fetchFrom('other', server)).toBeNull()
    expect(await outside.fetchFrom('stranger', server)).toBeNull()
    expect(await scene.connects('gateway', API_SERVICE_IP, 443)).toBe(false)
  })

  test('the API server opens by its real address in an ipBlock, and nothing else of the node does', async () => {
    const to = [{ ipBlock: { cidr: `${NODE1.ip}/32` } }]
    const egress = [{ to, ports: [{ port: 6443 }] }]
    await scene.apply(policy('api-out', { ...selected({ app: 'other' }), policyTypes: ['Egress'], egress }))
    await until(async () => expect(await scene.connects('other', API_SERVICE_IP, 443)).toBe(true))
    expect(await scene.connects('other', NODE1.ip, 10_250)).toBe(false)
  })

  test.runIf(inject('proves').includes('RuntimeClass gvisor'))(
    'a gVisor pod is held to the same policies, and its twin without one is not',
    async () => {
      const sandboxed = buildPod('sandboxed', { spec: { runtimeClassName: 'gvisor' } })
      await Promise.all([scene.startPods(sandboxed), outside.startPods(sandboxed)])
      expect(await outside.connects('sandboxed', API_SERVICE_IP, 443)).toBe(true)
      expect(await scene.connects('sandboxed', API_SERVICE_IP, 443)).toBe(false)
      expect(await outside.fetchFrom('stranger', `http://${await scene.addressOf('sandboxed')}:${PORT}/`)).toBeNull()
      // gVisor's own kernel speaks here
      expect(await scene.exec('sandboxed', 'cat', '/proc/version')).toMatch(/gvisor|4\.4\.0/i)
    },
  )
})
