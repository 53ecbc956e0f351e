/** Lines of a text to be compared; that it ends its last one is no line of its own. */
export const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
