// file: packages/kube/src/bad-contracts.ts
// fires: eslint(no-restricted-imports) packages/kube knows Kubernetes alone
import { HUB_KEY } from '@mcphub/api'

export const pattern = HUB_KEY
