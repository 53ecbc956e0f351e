// Which new passwords are refused although they are long enough: the ones everybody tries first (NIST SP 800-63B §5.1.1.2). Twelve characters
// leave few words of the usual lists, so what is looked for is how such lists are made: common words in a row, with digits and signs around
// or in the place of letters; runs of the keyboard; a few characters repeated.
import type { FieldFault, Reason } from '@mcphub/api'

const WORDS =
  `password passwort passwd pass admin administrator root user login welcome hello letmein changeme secret default guest test testing
  temp temporary master access system server manager office company service support security network computer internet windows microsoft
  google apple facebook twitter linkedin github gitlab docker kubernetes mcphub monkey dragon shadow sunshine princess football baseball
  basketball soccer hockey superman batman spiderman starwars pokemon naruto iloveyou loveyou love lovely forever trustno trust nothing
  whatever freedom summer winter spring autumn january february march april may june july august september october november december
  monday tuesday wednesday thursday friday saturday sunday michael jennifer jordan daniel jessica charlie andrew matthew joshua ashley
  thomas robert george hunter killer ranger buster tigger ginger pepper cookie cheese chocolate banana orange purple yellow silver golden
  diamond flower butterfly angel heaven jesus christ mustang ferrari porsche mercedes harley corvette liverpool arsenal chelsea barcelona
  juventus samsung nintendo playstation xbox minecraft matrix merlin phoenix thunder lightning blackbird rainbow qwerty qwertz azerty
  qazwsx asdf asdfgh asdfghjkl zxcvbn zxcvbnm qwertyuiop poiuytrewq correct horse battery staple my your our the new old is are and you
  me i am a one two three four five six seven eight nine ten zero korea seoul hangul sarang saranghae dkssud gksrnr`
    .split(/\s+/)
    .toSorted((a, b) => b.length - a.length)

/** Signs that stand for letters in such passwords. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', $: 's', '!': 'i', '+': 't' },
}
const RUNS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb',
]
const FEWEST_CHARACTERS = 5
const FEWEST_LEFT = 4

/** Null: it may be used. `password` has its NFC form and at least 12 characters. */
export function checkNewPassword(password: string, username: string): FieldFault | null {
  const low = password.toLowerCase()
  if (new Set(low).size < FEWEST_CHARACTERS) return fault('passwordRepeats', 'it repeats a few characters')
  const rest = low.replaceAll(username.normalize('NFC').toLowerCase(), '')
  if (isEmpty(rest)) return fault('passwordIsName', 'it is the username, or little more')
  if (isEmpty(rest, { common: true })) return fault('passwordCommon', 'it is made of words that everybody tries first')
  return null
}

const fault = (code: Reason, text: string): FieldFault => ({
  ...{ field: 'password', code, message: `Choose another one: ${text}` },
})

/** Whether too little is left to guess. */
function isEmpty(text: string, { common = false } = {}): boolean {
  if (!common) return text.length < FEWEST_LEFT
  const written = Array.from(text, (character) => LETTERS[character] ?? character).join('')
  return [text, written].some((one) => stripCommon(one).length < FEWEST_LEFT)
}

function stripCommon(text: string): string {
  let left = text
  for (const run of RUNS) left = stripRuns(left, run)
  for (const word of WORDS) left = left.replaceAll(word, '')
  // years, counters and signs around the words
  return left.replaceAll(/[\d\p{P}\p{S}\s]+/gu, '')
}

/** Four and more of a run in a row, in either direction. */
function stripRuns(text: string, run: string): string {
  const both = [run, Array.from(run).toReversed().join('')]
  let left = ''
  for (let at = 0; at < text.length;) {
    let length = 4
    while (both.some((one) => one.includes(text.slice(at, at + length))) && at + length <= text.length) length++
    if (length > 4) at += length - 1
    else left += text[at++]!
  }
  return left
}
