// `/api/openapi.json`, made from the route table: the document cannot say anything else than the router does.
import { ERROR_FACES, ROUTE_LIST, type Route } from '@mcphub/api'
import { z } from 'zod'

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
    ...(route.permission === 'public' ? { security: [] } : { security: [{ hubKey: [] }] }),
    'x-permission': route.permission,
    parameters: [...describeParameters(route.params, 'path'), ...describeParameters(route.query, 'query')],
    ...(route.body ? { requestBody: { required: true, content: content(toSchema(route.body, 'input')) } } : {}),
    responses: {
      [route.status]: {
        description: route.response === null ? 'Done' : 'OK',
        ...(route.response === null ? {} : { content: content(toSchema(route.response, 'output')) }),
      },
      default: {
        description: 'A fault',
        content: content({ $ref: '#/components/schemas/Problem' }, 'application/problem+json'),
      },
    },
  }
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
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
    data: { type: 'object' },
  },
}
