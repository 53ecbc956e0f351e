// A sentence of the hub follows a place where it is written to a log; alone beside its field it begins with a capital. Pure.
const WORD = /^[a-z]+(?=[\s,]|$)/

/** As it is where it begins with no plain word, e.g. the name of a member: `egress.mode: Cidrs needs …`. */
export const capital = (sentence: string): string =>
  sentence.replace(WORD, (word) => word[0]!.toUpperCase() + word.slice(1))
