// A promise that `use` of React reads at once when it has settled, without showing a fallback first: the two members are what React looks at.
type Readable<T> = Promise<T> & { status?: 'fulfilled'; value?: T }

export function makeReadable<T>(promise: Promise<T>): Promise<T> {
  const readable: Readable<T> = promise.then((value) => {
    readable.value = value
    readable.status = 'fulfilled'
    return value
  })
  return readable
}
