// What an installation decides for all its pods and policies: a slice of the configuration; and what they all have alike.

/** What the shim listens on, and gateways dial. */
export const SHIM_PORT = 8477

export interface PodSettings {
  /** of servers, groups, sandboxes and pods */
  readonly namespace: string
  /** of the gateways, the only ones who reach a pod */
  readonly hubNamespace: string
  readonly instance: string
  readonly callHomeUrl: string
  /** address of that URL's host, which every pod is told, so that it needs no DNS to call home; null: it resolves the name */
  readonly callHomeIp: string | null
  /** networks that no sandbox reaches, whatever its manifest says */
  readonly blockedCidrs: readonly string[]
  /** resolvers beside the cluster's own DNS pods, such as a node's cache */
  readonly dnsCidrs: readonly string[]
  readonly nodeImage: string
  readonly pythonImage: string
  readonly shimImage: string
  /** how an image that has no shim gets it */
  readonly shimDelivery: 'ImageVolume' | 'InitContainer'
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  readonly imagePullSecrets: readonly string[]
  /** false: a user namespace for every pod */
  readonly hostUsers: boolean
  /** prefixes; empty: any image */
  readonly allowedImages: readonly string[]
  readonly priorityClass: string | null
  readonly registry: RegistrySettings
}

/** Where packages come from at a pod's start. */
export interface RegistrySettings {
  readonly url: string | null
  /** what installs may reach beside the egress of their server */
  readonly cidrs: readonly string[]
  /** name of a Secret with `npmrc` and `pip.conf` */
  readonly secret: string | null
  readonly httpsProxy: string | null
  readonly noProxy: string | null
}
