// file: gateway/src/access/bad-await.ts
// fires: typescript(await-thenable)
export async function wait(value: number): Promise<void> {
  await value
}
