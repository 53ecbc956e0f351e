// Keeps the ConfigMap that every sandbox pod mounts equal to what the gateways sign with. The chart makes it, empty; the gateway may get and
// patch this one alone.
import { CONFIG_MAPS, type KubeClient } from '@mcphub/kube'
import { publicPem } from './certificates.ts'
import type { TrustMaterial } from './material.ts'

export const TRUST_CONFIG_MAP = 'mcphub-trust'

type Data = Readonly<Record<string, string>>

/** What pods are given: nothing in it is secret. */
export const buildTrustData = ({ authority, signing }: TrustMaterial): Data => ({
  'ca.crt': authority.certificate,
  'keys.pem': publicPem(signing.current) + publicPem(signing.next),
})

/** True: it was written. @throws KubeError */
export async function publishTrust(client: KubeClient, namespace: string, wanted: Data): Promise<boolean> {
  const ref = { namespace, name: TRUST_CONFIG_MAP }
  const { data = {} } = await client.get<{ readonly data?: Data }>(CONFIG_MAPS, ref)
  if (Object.entries(wanted).every(([name, text]) => data[name] === text)) return false
  await client.patch(CONFIG_MAPS, ref, { type: 'merge', body: { data: wanted } })
  return true
}
