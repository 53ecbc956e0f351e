// A private npm registry on loopback for tests: serves folders of test/kit/packages as packages, with integrity, behind a token.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

export interface TestRegistry {
  /** npmrc that sends the scope `@mcphub-test` here, with credentials */
  readonly npmrc: string
  readonly token: string
  stop(): Promise<void>
}

interface Packed {
  readonly name: string
  readonly version: string
  readonly manifest: Record<string, unknown>
  readonly tarball: Buffer
}

const PACKAGES = new URL('./packages/', import.meta.url).pathname

function pack(named: string): Packed {
  const place = resolve(PACKAGES, named)
  const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as Record<string, unknown>
  const out = mkdtempSync(join(tmpdir(), 'mcphub-pack-'))
  const file = join(out, 'package.tgz')
  execFileSync('tar', [
    '-czf',
    file,
    '--owner=0',
    '--group=0',
    `--transform=s,^${basename(place)},package,`,
    '-C',
    dirname(place),
    basename(place),
  ])
  return { name: String(manifest['name']), version: String(manifest['version']), manifest, tarball: readFileSync(file) }
}

function describePackage(packed: Packed, base: string): object {
  const dist = {
    tarball: `${base}/tarballs/${encodeURIComponent(packed.name)}.tgz`,
    integrity: `sha512-${createHash('sha512').update(packed.tarball).digest('base64')}`,
    shasum: createHash('sha1').update(packed.tarball).digest('hex'),
  }
  return {
    name: packed.name,
    'dist-tags': { latest: packed.version },
    versions: { [packed.version]: { ...packed.manifest, dist } },
  }
}

/** The person's own npm settings stay in force for every other scope. */
function readOwnSettings(): string {
  const file = process.env['NPM_CONFIG_USERCONFIG'] ?? join(homedir(), '.npmrc')
  return existsSync(file) ? `${readFileSync(file, 'utf8').trimEnd()}\n` : ''
}

/** @param folders names below test/kit/packages, or whole paths */
export async function startRegistry(folders: readonly string[]): Promise<TestRegistry> {
  const packages = new Map(folders.map(pack).map((packed) => [packed.name, packed]))
  const token = randomBytes(16).toString('hex')
  const server: Server = createServer((req, res) => {
    const path = decodeURIComponent(req.url ?? '/')
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    if (req.headers.authorization !== `Bearer ${token}`) {
      res.writeHead(401).end()
      return
    }
    const wanted = [...packages.values()].find(
      (packed) => path === `/${packed.name}` || path === `/tarballs/${packed.name}.tgz`,
    )
    if (!wanted) {
      res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}')
    } else if (path.startsWith('/tarballs/')) {
      res.writeHead(200, { 'content-type': 'application/octet-stream' }).end(wanted.tarball)
    } else {
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(describePackage(wanted, base)))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const npmrc = join(mkdtempSync(join(tmpdir(), 'mcphub-npmrc-')), 'npmrc')
  writeFileSync(
    npmrc,
    `${readOwnSettings()}@mcphub-test:registry=http://127.0.0.1:${port}/\n//127.0.0.1:${port}/:_authToken=${token}\n`,
    {
      mode: 0o600,
    },
  )
  return {
    npmrc,
    token,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
