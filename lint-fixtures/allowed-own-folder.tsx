// file: console/src/features/groups/pages/deep/good.tsx
// fires: nothing
import { Row } from '../../components/row.tsx'
import { call } from '../../../../lib/api/client.ts'
import { Button } from '../../../../ui/button.tsx'

export const all = [Row, call, Button]
