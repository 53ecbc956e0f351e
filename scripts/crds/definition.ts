// A custom resource → its CustomResourceDefinition, as plain data. Pure.
import { API_GROUP, API_VERSION_NAME, resourceName } from '../../packages/api/src/index.ts'
import type { CustomResource } from '../../packages/api/src/index.ts'
import { toStructural } from './structural.ts'
import type { SchemaNode } from './structural.ts'

export interface Definition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

/** @throws Error where a schema is not structural, described and bounded */
export function buildDefinition(resource: CustomResource): Definition {
  const { kind, plural, singular, shortName } = resource
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        categories: ['mcp-hub'],
      },
      scope: 'Namespaced',
      versions: [buildVersion(resource)],
    },
  }
}

function buildVersion(resource: CustomResource): Record<string, unknown> {
  const { columns, selectableFields, scale } = resource
  return {
    name: API_VERSION_NAME,
    served: true,
    storage: true,
    additionalPrinterColumns: columns,
    ...(selectableFields ? { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) } : {}),
    subresources: { status: {}, ...(scale ? { scale } : {}) },
    schema: { openAPIV3Schema: buildSchema(resource) },
  }
}

/** The whole object. Of metadata a CRD can see the name alone: labels and annotations are checked by the hub. */
export function buildSchema({ kind, description, spec, status }: CustomResource): SchemaNode {
  return {
    type: 'object',
    description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `${API_GROUP}/${API_VERSION_NAME}.`, maxLength: 63 },
      kind: { type: 'string', description: `${kind}.`, maxLength: 63 },
      metadata: {
        type: 'object',
        properties: {
          name: toStructural(
            resourceName.describe(
              'Lower-case letters, digits and "-", at most 63: it stands in names of tools and pods.',
            ),
            'metadata.name',
          ),
        },
      },
      spec: toStructural(spec.describe('What is wanted.'), 'spec'),
      status: toStructural(status.describe('What is there; written by the operator.'), 'status'),
    },
  }
}
