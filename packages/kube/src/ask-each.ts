// Asks about many items, a few at a time.

/**
 * The items for which `ask` answers false, in no order.
 * @throws the first error of `ask`; the signal of the others under way is aborted then, and no more are asked
 */
export async function dropThose<T>(
  items: readonly T[],
  options: { readonly atOnce: number; readonly signal: AbortSignal },
  ask: (item: T, signal: AbortSignal) => Promise<boolean>,
): Promise<T[]> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const left: T[] = []
  // one iterator for all: each takes the next
  const rest = items.values()
  const work = async (): Promise<void> => {
    for (const item of rest) {
      signal.throwIfAborted()
      if (!(await ask(item, signal))) left.push(item)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(options.atOnce, items.length) }, work))
  } catch (error) {
    failed.abort()
    throw error
  }
  return left
}
