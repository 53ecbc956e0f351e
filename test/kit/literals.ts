// The texts that stand in a source, as strings and templates; what a template fills in becomes `hole`. Comments, and the texts within a hole,
// are left out. Enough for our own code: a regular expression that holds a quote would confuse it.

export function listLiterals(code: string, hole: string): string[] {
  const found: string[] = []
  const scanner = { code, at: 0, hole }
  while (scanner.at < code.length) {
    const text = next(scanner)
    if (text !== null) found.push(text)
  }
  return found
}

interface Scanner {
  readonly code: string
  readonly hole: string
  at: number
}

/** One literal, or one step on. */
function next(scanner: Scanner): string | null {
  const { code, at } = scanner
  const letter = code[at]!
  if (code.startsWith('//', at)) return skipTo(scanner, '\n')
  if (code.startsWith('/*', at)) return skipTo(scanner, '*/')
  if (letter === '`') return readTemplate(scanner)
  if (letter === "'" || letter === '"') return readText(scanner, letter)
  scanner.at += 1
  return null
}

function skipTo(scanner: Scanner, end: string): null {
  const found = scanner.code.indexOf(end, scanner.at)
  scanner.at = found < 0 ? scanner.code.length : found + end.length
  return null
}

function readText(scanner: Scanner, quote: string): string {
  let text = ''
  for (scanner.at += 1; scanner.at < scanner.code.length; scanner.at += 1) {
    const letter = scanner.code[scanner.at]!
    if (letter === quote || letter === '\n') break
    if (letter === '\\') scanner.at += 1
    text += scanner.code[scanner.at]!
  }
  scanner.at += 1
  return text
}

function readTemplate(scanner: Scanner): string {
  const { code, hole } = scanner
  let text = ''
  scanner.at += 1
  while (scanner.at < code.length && code[scanner.at] !== '`') {
    if (code.startsWith('${', scanner.at)) {
      skipHole(scanner)
      text += hole
    } else {
      if (code[scanner.at] === '\\') scanner.at += 1
      text += code[scanner.at]!
      scanner.at += 1
    }
  }
  scanner.at += 1
  return text
}

function skipHole(scanner: Scanner): void {
  scanner.at += 2
  for (let depth = 1; depth > 0 && scanner.at < scanner.code.length;) {
    const letter = scanner.code[scanner.at]
    if (letter === '{') depth += 1
    if (letter === '}') depth -= 1
    next(scanner)
  }
}
