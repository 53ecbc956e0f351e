// file: operator/src/mcp-server/bad-neighbour.ts
// fires: eslint(no-restricted-imports) of another kind only
import { planSandbox } from '../mcp-sandbox/plan.ts'

export const plan = planSandbox
