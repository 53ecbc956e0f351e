// What build/route-table.ts makes.
declare module 'virtual:routes' {
  import type { Method, RouteId } from '@mcphub/api'

  export const routes: { readonly [Id in RouteId]: readonly [method: Method, path: string] }
}

// What build/field-trees.ts makes.
declare module 'virtual:field-trees' {
  import type { FieldTree } from './features/catalog/components/editor/field-tree.ts'

  /** of `spec` */
  export const fieldTrees: Readonly<Record<'McpServer' | 'UserGroup', FieldTree>>
}
