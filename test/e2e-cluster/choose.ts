// What of a run the words of STORY choose: `4 attack api`, `-long`.

/** The suites that ask the API server: no story, but chosen like one. */
const API = 'api'
/** The images in a container engine. They take as long as half of all stories: only when they are named. */
const IMAGES = 'images'

export interface Choice {
  /** files, in no order */
  readonly stories: readonly string[]
  readonly api: boolean
  readonly images: boolean
}

/** A word begins a file's name or a part of it: `4`, `attack`. With `-` before it, it leaves those out. @throws on a word that no name has */
export function choose(text: string, files: readonly string[]): Choice {
  const words = text.split(/\s+/).filter(Boolean)
  const filesOf = (word: string): string[] => {
    const found = files.filter((file) => file.startsWith(word) || file.includes(`-${word}`))
    if (found.length === 0) throw new Error(`No story is called "${word}": ${files.join(', ')}`)
    return found
  }
  const chosen = words.filter((word) => !word.startsWith('-'))
  const leftOut = words.filter((word) => word.startsWith('-')).flatMap((word) => filesOf(word.slice(1)))
  const named = chosen.filter((word) => word !== API && word !== IMAGES).flatMap(filesOf)
  const stories = chosen.length === 0 ? files : files.filter((file) => named.includes(file))
  return {
    stories: stories.filter((file) => !leftOut.includes(file)),
    api: chosen.length === 0 || chosen.includes(API),
    images: chosen.includes(IMAGES),
  }
}
