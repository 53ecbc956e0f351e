// When to look again though nobody told of anything: spread by lot, so that many who found the same at once do not come back together.

/** After the API server contradicted a store, which is listed anew meanwhile and then tells by itself. */
export const CONTRADICTED_MS = 30_000

/** Between half and all of it. */
export const spread = (ms: number): number => ms * (0.5 + Math.random() / 2)
