// A name for the next key that none of the others has: "Cursor", then "Cursor 2".
export function nextName(wanted: string, taken: readonly string[]): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted} ${count}`
    if (!taken.includes(name)) return name
  }
}
