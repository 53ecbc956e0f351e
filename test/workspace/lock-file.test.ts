// The lock file works for everybody: no addresses of one person's registry, every platform's binaries, exact versions only.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const file = path.join(import.meta.dirname, '../../package-lock.json')
// npm's own format
const lock: { packages: Readonly<Record<string, Locked>> } = JSON.parse(readFileSync(file, 'utf8'))
const packages = Object.entries(lock.packages)

test('holds no address and an integrity for all that is fetched', () => {
  const fetched = packages.filter(([place, { link }]) => place.startsWith('node_modules/') && !link)
  expect(fetched.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  expect(fetched.filter(([, { integrity, inBundle }]) => !integrity && !inBundle)).toEqual([])
})

test('has the optional packages of every platform: npm ci refuses a lock without them', () => {
  const absent = packages.flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${place}/node_modules/${name}`])
      .map((name) => `${place} → ${name}`),
  )
  expect(absent).toEqual([])
})

test('names exact versions in every workspace', () => {
  const own = packages.filter(([place]) => !place.includes('node_modules'))
  const loose = own.flatMap(([place, { dependencies, devDependencies, optionalDependencies }]) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      // `npm:…@1.2.3`: another version of a package under a name of its own
      .filter(([, version]) => !/^(npm:(@[\w-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${place}: ${name} ${version}`),
  )
  expect(loose).toEqual([])
})
