// file: console/src/lib/bad.ts
// fires: eslint(no-restricted-imports) lib knows nothing of how it is shown
import { Button } from '../ui/button.tsx'

export const shown = Button
