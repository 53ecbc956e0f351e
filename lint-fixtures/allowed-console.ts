// file: cli/src/good.ts
// fires: nothing
export const tell = (): void => console.log('a terminal')
