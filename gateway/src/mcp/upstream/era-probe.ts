// The verdict of one `server/discover`: a recognised modern error stays modern, any other refusal is an older server. Pure.
import { isObject } from '../codec/answer.ts'
import type { RpcFault } from '../codec/answer-era.ts'
import type { Asked } from './link.ts'
import { MODERN_REVISION } from './rpc-body.ts'
import type { Era } from './upstreams.ts'

/** 2026-07-28 basic/index "Error codes" */
export const HEADER_MISMATCH = -32_020
export const UNSUPPORTED_VERSION = -32_022
const MODERN_ERRORS = new Set([HEADER_MISMATCH, -32_021, UNSUPPORTED_VERSION])

/** null: it says nothing about the era (credentials refused, redirect, server fault). */
export function judgeProbe(asked: Asked): Era | null {
  if (asked.kind === 'result') {
    const { supportedVersions } = asked.result
    return Array.isArray(supportedVersions) && supportedVersions.includes(MODERN_REVISION) ? 'modern' : 'legacy'
  }
  if (asked.error && isModernError(asked.error)) return 'modern'
  if (asked.kind === 'error') return 'legacy'
  return saysNothing(asked.status) ? null : 'legacy'
}

function saysNothing(status: number): boolean {
  return status === 401 || status === 403 || status >= 500 || (status >= 300 && status < 400)
}

function isModernError(error: RpcFault): boolean {
  if (!MODERN_ERRORS.has(error.code)) return false
  if (error.code !== UNSUPPORTED_VERSION || !isObject(error.data)) return true
  const { supported } = error.data
  return !Array.isArray(supported) || supported.includes(MODERN_REVISION)
}
