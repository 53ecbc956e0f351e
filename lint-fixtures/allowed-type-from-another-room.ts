// file: gateway/src/secrets/good.ts
// fires: nothing
import type { CatalogServer } from '../catalog/catalog.ts'

export type Server = CatalogServer
