// Every file that is made from the custom resources: path below the root → text. Pure, so a test can compare.
import { stringify } from 'yaml'
import { API_GROUP, CUSTOM_RESOURCES } from '../../packages/api/src/index.ts'
import { buildDefinition } from './definition.ts'
import { renderGuide } from './guide.ts'

const HEADER = '# Written by `npm run docs:crds` from packages/api/src/crds. Do not edit.\n'

export function renderCrdFiles(): ReadonlyMap<string, string> {
  const definitions = CUSTOM_RESOURCES.map((resource): [string, string] => [
    `crds/${API_GROUP}_${resource.plural}.yaml`,
    HEADER + stringify(buildDefinition(resource), { lineWidth: 0, aliasDuplicateObjects: false }),
  ])
  return new Map([...definitions, ['docs/guides/resources.md', renderGuide(CUSTOM_RESOURCES)]])
}
