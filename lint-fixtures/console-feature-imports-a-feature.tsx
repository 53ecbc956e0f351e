// file: console/src/features/keys/pages/bad.tsx
// fires: eslint(no-restricted-imports) a feature of the console knows lib and ui
import { ServerRow } from '../../servers/components/server-row.tsx'

export const Page = ServerRow
