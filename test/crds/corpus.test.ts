// Manifests that must be taken and manifests that must be refused, with what the refusal must say. Here by the schemas and checks of the one-
// machine mode; the same files go to a real API server. A bad one begins with `# field:` and `# says:` (the API server's words); of two
// documents the first is taken and the second is the refused change. `# only: cluster`: the hub on one machine has nothing to refuse.
import { describe, expect, test } from 'vitest'
import { parseDocuments } from '../../gateway/src/catalog/manifests/documents.ts'
import { parseManifest } from '../../gateway/src/catalog/manifests/parse.ts'
import { mcpSandbox, presentFaults } from '../../packages/api/src/index.ts'
import { BAD, GOOD } from './corpus.ts'
import { readCrds, schemaOf } from './crd-files.ts'
import { listNodes } from './structural-rules.ts'

const isSandbox = (text: string): boolean => /^kind: McpSandbox$/m.test(text)

/** Faults as one-machine mode tells them, each `field: message`. */
function refusals(text: string): string[] {
  if (!isSandbox(text)) return parseManifest('x.yaml', text).faults.map(({ message }) => message)
  return parseDocuments(text).flatMap(({ data, faults }) => {
    const parsed = mcpSandbox.safeParse(data)
    const found = parsed.success ? [] : presentFaults(parsed.error)
    return [...faults.map(({ message }) => message), ...found.map(({ field, message }) => `${field}: ${message}`)]
  })
}

const RULES = readCrds().flatMap((crd) =>
  listNodes(schemaOf(crd)).flatMap(({ node }) => node['x-kubernetes-validations'] ?? []),
)

/** What the API server says by itself, of a bound, an enum, a missing or an unknown field. */
const OWN_WORDS =
  /^(Unsupported value|Required value|Too long|Too many|Duplicate value|should be (greater|less) than|must be of type|unknown field)/

test.each(GOOD)('$name is taken', ({ text }) => expect(refusals(text)).toEqual([]))

describe.each(BAD)('$name', ({ text, field, says, clusterOnly }) => {
  test('says what the CRD would say', () => {
    expect(field).toMatch(/^(spec|metadata)\./)
    expect(OWN_WORDS.test(says) || RULES.some(({ message }) => message.includes(says))).toBe(true)
  })

  if (clusterOnly) {
    test('is no matter of one machine', () => expect(refusals(text)).toEqual([]))
  } else {
    test('is refused by the hub, naming the same field', () => {
      const named = (message: string): boolean =>
        message.startsWith(field) || message.includes(`"${field.split('.').at(-1)}"`)
      expect(refusals(text).filter(named)).not.toEqual([])
    })
  }
})

test('every rule of the CRDs has a manifest that breaks it', () => {
  const messages = [...new Set(RULES.map(({ message }) => message))]
  expect(messages.filter((message) => !BAD.some(({ says }) => message.includes(says)))).toEqual([])
})

test('the corpus is as large as it looks', () => {
  expect(GOOD.length).toBeGreaterThan(20)
  expect(BAD.length).toBeGreaterThan(80)
})
