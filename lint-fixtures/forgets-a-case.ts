// file: gateway/src/access/bad-switch.ts
// fires: typescript(switch-exhaustiveness-check)
export function name(kind: 'a' | 'b'): string {
  switch (kind) {
    case 'a':
      return 'A'
  }
  return ''
}
