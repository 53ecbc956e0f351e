// An older server may refuse a call until its user has opened some pages (2025-11-25 client/elicitation, error -32042). 2026-07-28 has no such error:
// its clients are asked to have them opened, and their retry makes the same call anew.
import { HubError } from '@mcphub/api'
import { findLacking } from '../codec/client-capabilities.ts'
import { INPUT_LIMIT, readInputResponses, toInputRequest } from '../codec/input-requests.ts'
import { isObject } from '../codec/message.ts'
import type { JsonObject } from '../upstream/upstreams.ts'
import { buildError, buildResult } from './answers.ts'
import { lackingFault } from './parked-call.ts'

const URL_REQUIRED = -32042
const MARK = Buffer.from(`"code":${URL_REQUIRED}`)

/** The same bytes where it is no such error. `seal` makes the state by which the retry is known. */
export function askToOpen(json: Buffer, declared: JsonObject, seal: () => string): Buffer {
  if (!json.includes(MARK)) return json
  const message: unknown = JSON.parse(json.toString('utf8'))
  const error = isObject(message) ? message['error'] : undefined
  if (!isObject(error) || error['code'] !== URL_REQUIRED) return json
  const idJson = JSON.stringify((message as JsonObject)['id'])
  const lacking = findLacking(declared, 'elicitation/create', { mode: 'url' })
  if (lacking !== null) return buildError(idJson, lackingFault(lacking))
  const inputRequests: JsonObject = {}
  for (const [index, params] of readPages(error['data']).entries()) {
    inputRequests[`elicitation-${index + 1}`] = toInputRequest({ method: 'elicitation/create', params })
  }
  if (Object.keys(inputRequests).length === 0) return json
  const result = { resultType: 'input_required', inputRequests, requestState: seal() }
  return buildResult(idJson, JSON.stringify(result))
}

/** What is sent anew: the call as it was. @throws HubError `canceled` where the user did not want to, `invalid_params` */
export function readOpened(params: JsonObject): JsonObject {
  const { inputResponses, requestState: _, ...rest } = params
  const responses = readInputResponses(inputResponses)
  if (responses === null) throw new HubError('invalid_params', '"inputResponses" must be an object of results')
  const hasAccepted = responses.size > 0 && [...responses.values()].every(({ action }) => action === 'accept')
  if (!hasAccepted) throw new HubError('canceled', 'The server wants a page opened first, and it was not')
  return rest
}

function readPages(data: unknown): JsonObject[] {
  const pages = isObject(data) ? data['elicitations'] : undefined
  if (!Array.isArray(pages)) return []
  const usable = pages.filter((page): page is JsonObject => isObject(page) && typeof page['url'] === 'string')
  return usable.slice(0, INPUT_LIMIT).map((page) => ({ ...page, mode: 'url' }))
}
