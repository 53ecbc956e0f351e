// file: console/src/features/connect/components/good.ts
// fires: nothing
import { buildConnectBlocks } from '@mcphub/api'

export const build = buildConnectBlocks
