// file: gateway/src/access/bad-feature.ts
// fires: eslint(no-restricted-imports) rooms do not know features
import type { GroupsService } from '../features/groups/groups-service.ts'

export type Groups = GroupsService
