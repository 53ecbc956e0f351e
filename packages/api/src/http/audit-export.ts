// Contract of the audit as a file: the filters of the list, without pages.
import { z } from 'zod'
import { auditQuery } from './activity.ts'

export const auditExportQuery = auditQuery
  .omit({ limit: true, cursor: true })
  .extend({ format: z.enum(['csv', 'jsonl']).default('jsonl') })
export type AuditExportQuery = z.infer<typeof auditExportQuery>
