import { ROUTE_LIST } from '@mcphub/api'
import { expect, test } from 'vitest'
import { buildOpenApi } from './openapi.ts'

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly requestBody?: unknown
  readonly security: readonly unknown[]
  readonly responses: Readonly<Record<string, unknown>>
}

const document = buildOpenApi('1.2.3') as { paths: Record<string, Record<string, Operation>>; openapi: string }

test('the document lists every route of the table once, and no other', () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  expect(operations.map((one) => one.operationId).sort()).toEqual(ROUTE_LIST.map((route) => route.id).sort())
  expect(document.openapi).toBe('3.1.0')
})

test.each(ROUTE_LIST.map((route) => [route.id, route] as const))(
  '%s: parameters, body, answer and key',
  (_id, route) => {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = document.paths[path]?.[route.method.toLowerCase()]
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1])
    const parameters = operation?.parameters ?? []
    expect(parameters.filter((one) => one.in === 'path').map((one) => one.name)).toEqual(inPath)
    expect(parameters.filter((one) => one.in === 'path').every((one) => one.required)).toBe(true)
    expect(parameters.some((one) => one.in === 'query')).toBe(route.query !== undefined)
    expect(operation?.requestBody !== undefined).toBe(route.body !== undefined)
    expect(Object.keys(operation?.responses ?? {})).toEqual([String(route.status), 'default'])
    const ways = [{ hubKey: [] }, { consoleSession: [] }]
    const allowed = route.credentials === 'console' ? ways.slice(1) : ways
    expect(operation?.security).toEqual(route.permission === 'public' ? [] : allowed)
  },
)

test('it is JSON that refers to nothing it does not hold', () => {
  const text = JSON.stringify(document)
  for (const [, reference] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = reference!.split('/').reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document)
    expect(found).toBeDefined()
  }
})
