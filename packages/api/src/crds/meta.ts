// What all three resources share: API group, metadata, Kubernetes name rules, time spans.
import { z } from 'zod'

export const API_VERSION = 'mcphub.io/v1alpha1'

/** RFC 1123 label: a resource name that can also stand in a tool prefix. */
export const resourceName = z
  .string()
  .min(1)
  .max(63)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'use lower-case letters, digits and "-", starting and ending with a letter or digit',
  )

/** A time span in seconds, at most a day. */
export const seconds = z.int32().min(1).max(86_400)

export const objectMeta = z.looseObject({
  name: resourceName,
  namespace: resourceName.optional(),
  labels: z.record(z.string().max(317), z.string().max(63)).optional(),
  annotations: z.record(z.string().max(317), z.string().max(256 * 1024)).optional(),
})
export type ObjectMeta = z.infer<typeof objectMeta>
