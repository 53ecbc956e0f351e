// file: gateway/src/access/bad-floating.ts
// fires: typescript(no-floating-promises)
async function work(): Promise<void> {}

export function start(): void {
  work()
}
