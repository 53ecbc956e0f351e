// file: console/src/ui/bad.tsx
// fires: eslint(no-restricted-imports) what all pages share knows no page
import { ServerRow } from '../features/servers/components/server-row.tsx'

export const Row = ServerRow
