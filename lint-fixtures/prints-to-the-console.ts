// file: gateway/src/platform/bad-console.ts
// fires: eslint(no-console)
export function tell(): void {
  console.log('a line no log level can silence')
}
