// `/api/openapi.json`, made from the route table: the document cannot say anything else than the router does.
import { ERROR_FACES, REASONS, ROUTE_LIST, type Route } from '@mcphub/api'
import { z } from 'zod'
import { CONSOLE_HEADER } from './cross-site.ts'
import { SESSION_COOKIE } from './route-caller.ts'

type JsonObject = Record<string, unknown>

const toSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonObject => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject
  return rest
}

export function buildOpenApi(version: string): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const route of ROUTE_LIST) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'MCPHub', version, description: 'REST API of the hub. Errors are RFC 9457 problem documents.' },
    paths,
    components: {
      securitySchemes: {
        hubKey: { type: 'http', scheme: 'bearer', description: 'A hub key: mcphub_ and 64 hex digits' },
        consoleSession: {
          ...{ type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
          description: `A login at the console (over https "__Host-${SESSION_COOKIE}"); changes also need ${CONSOLE_HEADER}: 1 and the hub's own Origin`,
        },
      },
      schemas: { Problem: PROBLEM },
    },
  }
}

function describeRoute(route: Route): JsonObject {
  const content = (schema: JsonObject, type = 'application/json') => ({ [type]: { schema } })
  return {
    operationId: route.id,
    summary: route.summary,
    security: describeSecurity(route),
    'x-permission': route.permission,
    parameters: [...describeParameters(route.params, 'path'), ...describeParameters(route.query, 'query')],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: content(toSchema(route.body, 'input'), BODY_TYPES[route.bodyType ?? 'json']),
          },
        }
      : {}),
    responses: {
      [route.status]: {
        description: route.response === null ? 'Done' : 'OK',
        ...(route.response === null ? {} : { content: content(toSchema(route.response, 'output')) }),
        ...(route.answer === 'events' ? { content: content({ type: 'string' }, 'text/event-stream') } : {}),
      },
      default: {
        description: 'A fault',
        content: content({ $ref: '#/components/schemas/Problem' }, 'application/problem+json'),
      },
    },
  }
}

const BODY_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const

function describeSecurity({ permission, credentials }: Route): JsonObject[] {
  if (permission === 'public') return []
  return credentials === 'console' ? [{ consoleSession: [] }] : [{ hubKey: [] }, { consoleSession: [] }]
}

function describeParameters(schema: z.ZodType | undefined, place: 'path' | 'query'): JsonObject[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = toSchema(schema, 'input') as {
    properties?: Record<string, JsonObject>
    required?: string[]
  }
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: of,
  }))
}

const PROBLEM: JsonObject = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(ERROR_FACES) },
    requestId: { type: 'string' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' }, code: { type: 'string', enum: REASONS } },
      },
    },
    data: { type: 'object' },
  },
}
