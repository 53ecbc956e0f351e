// An npm registry within the cluster, of one package: the stories' server. Its pod's address is the only network that installs may reach.
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { run } from '../cluster/commands.ts'
import { PACKAGE, REGISTRY } from './settings.ts'

const PORT = 8080

/** Answers with the package's document, its tarball, or 404. */
const SERVER = `
const { readFileSync } = require('node:fs')
const about = JSON.parse(readFileSync('/data/about.json', 'utf8'))
const tarball = readFileSync('/data/package.tgz')
require('node:http').createServer((request, response) => {
  const path = decodeURIComponent(request.url)
  if (path === '/tarball.tgz') return response.end(tarball)
  if (path !== '/' + about.name) return response.writeHead(404).end('{}')
  const version = { ...about, dist: { ...about.dist, tarball: 'http://' + request.headers.host + '/tarball.tgz' } }
  response.end(JSON.stringify({ name: about.name, 'dist-tags': { latest: about.version }, versions: { [about.version]: version } }))
}).listen(${PORT})`

interface Packed {
  readonly about: object
  readonly tarball: Buffer
}

async function pack(): Promise<Packed> {
  const work = await mkdtemp(join(tmpdir(), 'mcphub-package-'))
  try {
    const folder = join(work, 'package')
    await mkdir(folder)
    await copyFile(join(import.meta.dirname, 'images/server.js'), join(folder, 'server.js'))
    const manifest = { ...PACKAGE, type: 'module', bin: { 'story-server': 'server.js' } }
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
    const file = join(work, 'package.tgz')
    await run(['tar', '-czf', file, '--owner=0', '--group=0', '-C', work, 'package'])
    const tarball = await readFile(file)
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    return { about: { ...manifest, dist: { integrity } }, tarball }
  } finally {
    await rm(work, { recursive: true })
  }
}

const buildPod = (image: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: REGISTRY, namespace: REGISTRY },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'registry',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['node', '-e', SERVER],
        readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', configMap: { name: REGISTRY } }],
  },
})

export interface Registry {
  readonly url: string
  readonly cidr: string
}

/** @param image with Node */
export async function startRegistry(cluster: Cluster, image: string): Promise<Registry> {
  const { about, tarball } = await pack()
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: REGISTRY, namespace: REGISTRY },
    data: { 'about.json': JSON.stringify(about) },
    binaryData: { 'package.tgz': tarball.toString('base64') },
  }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: REGISTRY } }
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [namespace, map] })
  await cluster.kubectl(['delete', 'pod', '-n', REGISTRY, REGISTRY, '--ignore-not-found'])
  await cluster.kubectl(['apply', '-f', '-'], { input })
  const inIt = ['-n', REGISTRY]
  await cluster.kubectl([...inIt, 'wait', '--for=create', 'serviceaccount/default', '--timeout=20s'])
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(buildPod(image)) })
  await cluster.kubectl([...inIt, 'wait', '--for=condition=Ready', `pod/${REGISTRY}`, '--timeout=60s'])
  const address = await cluster.kubectl([...inIt, 'get', 'pod', REGISTRY, '-o', 'jsonpath={.status.podIP}'])
  return { url: `http://${address}:${PORT}/`, cidr: `${address}/32` }
}
