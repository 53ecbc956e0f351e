// file: gateway/src/access/bad-inline.ts
// fires: typescript(consistent-type-imports)
export type Groups = import('../features/groups/groups-service.ts').GroupsService
