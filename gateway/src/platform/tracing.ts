// OpenTelemetry by its API alone: without an SDK every call here is a no-op. The W3C trace context of a request is passed on to upstreams
// whether or not anything records spans.
import { type Attributes, type Span, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api'
import { toHubError } from '@mcphub/api'
import type { IncomingHttpHeaders } from 'node:http'

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.{0,256})?$/
const PRINTABLE = /^[\x20-\x7e]+$/
const LIMITS = { tracestate: 512, baggage: 8192 } as const

/** The valid part of `traceparent`, `tracestate` and `baggage`; undefined when there is none (nothing is allocated then). */
export function readTraceContext(headers: IncomingHttpHeaders): Record<string, string> | undefined {
  const traceparent = headers['traceparent']
  const baggage = headers['baggage']
  if (traceparent === undefined && baggage === undefined) return undefined
  const carried: Record<string, string> = {}
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
    carried['traceparent'] = traceparent
    addIfSound(carried, 'tracestate', headers['tracestate'])
  }
  addIfSound(carried, 'baggage', baggage)
  return Object.keys(carried).length > 0 ? carried : undefined
}

function addIfSound(carried: Record<string, string>, name: keyof typeof LIMITS, value: string | string[] | undefined) {
  const text = Array.isArray(value) ? value.join(',') : value
  if (text !== undefined && text.length <= LIMITS[name] && PRINTABLE.test(text)) carried[name] = text
}

const tracer = () => trace.getTracer('mcphub')

/** Runs `work` inside a span that continues the carried context. The span's error status holds the code alone, never a message. */
export async function withSpan<T>(
  name: string,
  options: { readonly carried?: Record<string, string> | undefined; readonly attributes?: Attributes },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const parent = options.carried ? propagation.extract(context.active(), options.carried) : context.active()
  return tracer().startActiveSpan(name, { attributes: options.attributes ?? {} }, parent, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: toHubError(error).code })
      throw error
    } finally {
      span.end()
    }
  })
}

/** What to send upstream: the active span's context where one is recorded, else what the client sent. */
export function writeTraceContext(carried: Record<string, string> | undefined): Record<string, string> | undefined {
  if (!trace.getActiveSpan()?.isRecording()) return carried
  const written = { ...carried }
  propagation.inject(context.active(), written)
  return written
}
