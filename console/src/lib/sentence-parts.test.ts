import { SENTENCES } from '@mcphub/api'
import { expect, test } from 'vitest'
import korean from '../locales/ko/said.json' with { type: 'json' }
import { readParts } from './sentence-parts.ts'

test('words, values, code and another sentence are told apart', () => {
  expect(readParts('Set `{name}`: {why} ({count})', { name: 'A', why: 'it is empty', count: '3' })).toEqual([
    { kind: 'words', text: 'Set ' },
    { kind: 'code', text: 'A' },
    { kind: 'words', text: ': ' },
    { kind: 'why', text: 'it is empty' },
    { kind: 'words', text: ' (' },
    { kind: 'value', text: '3' },
    { kind: 'words', text: ')' },
  ])
})

test('a value is shown as it is, whatever stands in it', () => {
  expect(readParts('a {name}', { name: '`{count}` <b>{why}</b>', count: '3' })[1]).toEqual({
    kind: 'value',
    text: '`{count}` <b>{why}</b>',
  })
  expect(readParts('{constructor}', {})).toEqual([{ kind: 'value', text: '{constructor}' }])
})

test('R6-8: every Korean sentence is filled in whole, and Latin words stand in values and code alone', () => {
  const left = Object.entries(korean).filter(([code, template]) => {
    const names = SENTENCES[code as keyof typeof SENTENCES].match(/\{[a-z]\w*\}/g) ?? []
    const params = Object.fromEntries(names.map((name) => [name.slice(1, -1), 'x']))
    const words = readParts(template, params).filter(({ kind }) => kind === 'words')
    return words.some(({ text }) => /[`{}]|[A-Za-z]+[ ,]+[A-Za-z]+[ ,]+[A-Za-z]+/.test(text))
  })
  expect(left).toEqual([])
})
