// sandbox_shims: where the shim of each running sandbox pod listens, and which certificate it has.
import { defineTable } from '../define-table.ts'

export interface SandboxShimRow {
  podUid: string
  podName: string
  /** SHA-256 of the certificate's DER, lower-case hex */
  fingerprint: string
  port: number
  calledAt: Date
}

export const sandboxShimsTable = defineTable<SandboxShimRow>('sandbox_shims', {
  podUid: { type: 'text', primary: true },
  podName: { type: 'text' },
  fingerprint: { type: 'text' },
  port: { type: 'integer' },
  calledAt: { type: 'timestamptz' },
})
