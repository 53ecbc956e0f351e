// What the cluster can prove. On one of yours a story of anything else is skipped by name; on our own it fails, since that one must.
import type { Probe } from '../../cluster/probes.ts'
import { context } from './hub.ts'

const REASONS: Readonly<Record<Probe['name'], string>> = {
  'deny enforced': 'this cluster does not enforce NetworkPolicies: nothing of isolation can be shown',
  'RuntimeClass gvisor': 'this cluster has no RuntimeClass gvisor',
  'two nodes': 'this cluster has one node',
  'image volumes': 'this cluster has no image volumes',
  'default StorageClass': 'this cluster has no default StorageClass: the database keeps nothing',
}

type Skip = (condition: boolean, note?: string) => void

/** Skips the test unless the cluster can show it. */
export function requireProbe(skip: Skip, name: Probe['name']): void {
  const holds = context.probes.some((probe) => probe.name === name && probe.holds)
  skip(!holds && !context.own, REASONS[name])
}
