// The shell blocks of a guide, and the manifests it tells people to save, in their order. A comment above a block says what a run does with it:
// `<!-- e2e: skip WHY -->`, `<!-- e2e: background -->` (a terminal of its own), `<!-- e2e: file NAME -->` (a manifest to be saved). Without one it is run.

/** Those of the cluster, as a newcomer reads them. */
export const GUIDES = ['install', 'first-server', 'isolation', 'runtime-classes', 'images', 'operations'] as const

export type GuideStep =
  | { readonly kind: 'run' | 'background'; readonly line: number; readonly text: string }
  | { readonly kind: 'file'; readonly line: number; readonly text: string; readonly name: string }
  | { readonly kind: 'skip'; readonly line: number; readonly text: string; readonly why: string }

const BLOCK = /^(?:<!-- e2e: (\S+) ?(.*?) ?-->\n+)?```(sh|yaml)\n([\s\S]*?)^```$/gm
const COMMENT = /^<!-- e2e:.*$/gm

/** Manifests without a file name are there to be read. @throws for a comment that says nothing a run knows, or stands above no block */
export function readSteps(guide: string): GuideStep[] {
  const blocks = [...guide.matchAll(BLOCK)]
  const comments = [...guide.matchAll(COMMENT)].length
  if (blocks.filter(([, word]) => word !== undefined).length !== comments)
    throw new Error('An e2e comment stands above no block of sh or yaml.')
  return blocks.flatMap((block): GuideStep[] => {
    const [, word = 'run', rest = '', language, text = ''] = block
    const line = guide.slice(0, block.index).split('\n').length
    if (language === 'yaml' && word === 'run') return []
    return [toStep(word, { line, text, rest, isShell: language === 'sh' })]
  })
}

interface Block {
  readonly line: number
  readonly text: string
  /** of the comment, behind its first word */
  readonly rest: string
  readonly isShell: boolean
}

function toStep(word: string, { line, text, rest, isShell }: Block): GuideStep {
  if (isShell && (word === 'run' || word === 'background') && rest === '') return { kind: word, line, text }
  if (isShell && word === 'skip' && rest !== '') return { kind: 'skip', line, text, why: rest }
  if (!isShell && word === 'file' && /^[\w-]+\.yaml$/.test(rest)) return { kind: 'file', line, text, name: rest }
  throw new Error(`line ${line}: nobody knows what to do with "e2e: ${word} ${rest}".`)
}
