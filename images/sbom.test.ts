// The bill of materials names what is in an image, by the lock file, and nothing twice.
import { expect, test } from 'vitest'
import { listComponents, packageOf, writeSbom } from './sbom.ts'

const PACKAGES = {
  'node_modules/@s/a': { version: '1.0.0', license: 'MIT', integrity: 'sha512-AAECAw==' },
  'node_modules/b': { version: '2.0.0' },
  'node_modules/b/node_modules/c': { version: '3.0.0' },
}

test.each([
  ['gateway/src/main.ts', null],
  ['node_modules/b/lib/x.js', 'node_modules/b'],
  ['node_modules/@s/a/x.js', 'node_modules/@s/a'],
  ['node_modules/b/node_modules/c/x.js', 'node_modules/b/node_modules/c'],
  ['node_modules/npm/node_modules/@s/d', 'node_modules/npm/node_modules/@s/d'],
])('%s belongs to %s', (path, expected) => expect(packageOf(path)).toBe(expected))

test('each package once, with its license and hash', () => {
  const components = listComponents(
    ['node_modules/@s/a/x.js', 'node_modules/@s/a/y.js', 'node_modules/b/node_modules/c/x.js', 'own.ts'],
    PACKAGES,
  )
  const bom = JSON.parse(writeSbom('mcphub-x', '1.0.0', components)) as { components: object[] }
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'mcphub-x', version: '1.0.0' } } })
  expect(bom.components).toEqual([
    {
      type: 'library',
      'bom-ref': 'pkg:npm/%40s/a@1.0.0',
      name: '@s/a',
      version: '1.0.0',
      purl: 'pkg:npm/%40s/a@1.0.0',
      licenses: [{ expression: 'MIT' }],
      hashes: [{ alg: 'SHA-512', content: '00010203' }],
    },
    { type: 'library', 'bom-ref': 'pkg:npm/c@3.0.0', name: 'c', version: '3.0.0', purl: 'pkg:npm/c@3.0.0' },
  ])
})

test('a package the lock file does not name is a fault', () =>
  expect(() => listComponents(['node_modules/none/x.js'], PACKAGES)).toThrow('node_modules/none'))
