// The terminal: what goes out, what is typed in. Secrets come from stdin alone, unseen when a person types them.
import { createInterface } from 'node:readline/promises'
import { EXIT_CODES } from '@mcphub/api'
import { CliFault, usageFault } from './fault.ts'

const MAX_INPUT = 64 * 1024

export const isInteractive = (): boolean => process.stdin.isTTY && process.stderr.isTTY

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** For people only; never part of what a script reads. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** True: go on. Asks only where somebody can answer. */
export async function confirm(question: string): Promise<boolean> {
  if (!isInteractive()) return true
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}

/** The whole of stdin, or one unseen line from a terminal; one line break at the end is not part of it. */
export async function readSecret(prompt: string): Promise<string> {
  const text = isInteractive() ? await readUnseenLine(prompt) : await readAll()
  const value = text.replace(/\r?\n$/, '')
  if (value === '') throw usageFault('Nothing came from stdin.', 'Pipe it in: printf %s "$VALUE" | mcphub …')
  return value
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_INPUT)
      throw new CliFault('Stdin holds more than any value may.', {
        exit: EXIT_CODES.invalid,
        code: 'payload_too_large',
      })
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new CliFault('Stdin is not UTF-8 text.', { exit: EXIT_CODES.invalid, code: 'invalid_params' })
  }
}

const END_KEYS = new Set(['\r', '\n', '\u0004'])

function readUnseenLine(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  // before the prompt: what is pasted at once must not be seen either
  stdin.setRawMode(true)
  stderr.write(`${prompt}: `)
  stdin.setEncoding('utf8')
  stdin.resume()
  let typed = ''
  return new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      stdin.off('data', read)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      act()
    }
    function read(text: string): void {
      for (const character of text) {
        if (END_KEYS.has(character)) return finish(() => resolve(typed))
        if (character === '\u0003')
          return finish(() => reject(new CliFault('Cancelled.', { exit: EXIT_CODES.failure, code: 'cancelled' })))
        typed = character === '\u007f' ? typed.slice(0, -1) : typed + character
      }
    }
    stdin.on('data', read)
  })
}
