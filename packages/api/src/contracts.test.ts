// The small contracts: the root bundles for a browser, masks, labels, the McpSandbox schema.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  API_VERSION,
  LABELS,
  MASK,
  SANDBOX_READY_REASONS,
  checkMetadata,
  commonLabels,
  isMasked,
  isReservedLabel,
  labelValue,
  maskValue,
  mcpSandbox,
} from './index.ts'

test('the root bundles for a browser and imports zod alone', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('./index.ts', import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent',
  })
  const foreign = Object.keys(metafile.inputs).filter(
    (file) => !file.includes('packages/api/src/') && !file.includes('node_modules/zod/'),
  )
  expect(foreign).toEqual([])
})

describe('SEC-3: masks', () => {
  test.each([
    ['short', MASK],
    ['elevenchars', MASK],
    ['twelve chars', `${MASK}hars`],
    ['ghp_0123456789abcdef', `${MASK}cdef`],
    ['비밀번호'.repeat(3), `${MASK}비밀번호`],
  ])('%j shows as %j', (value, masked) => expect(maskValue(value)).toBe(masked))

  test('at most four characters and at most a third of a value are shown, and the mask is known again', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const shown = Array.from(maskValue(value).slice(MASK.length)).length
        expect(shown).toBeLessThanOrEqual(Math.min(4, Array.from(value).length / 3))
        expect(isMasked(maskValue(value))).toBe(true)
      }),
    )
  })

  test('a real value is not taken for a mask', () => {
    expect(isMasked('********')).toBe(false)
    expect(isMasked(`${MASK}a whole value`)).toBe(false)
  })
})

describe('labels', () => {
  test('reserved names are known, also below our group', () => {
    for (const key of Object.values(LABELS)) expect(isReservedLabel(key)).toBe(true)
    expect(isReservedLabel('sub.mcphub.io/x')).toBe(true)
    expect(isReservedLabel('evilmcphub.io/x')).toBe(false)
    expect(isReservedLabel('team')).toBe(false)
  })
  test('a manifest may not set them', () => {
    expect(
      checkMetadata({ labels: { team: 'a', 'mcphub.io/server': 'other' }, annotations: { 'mcphub.io/x': 'y' } }).map(
        ({ field }) => field,
      ),
    ).toEqual(['metadata.labels.mcphub.io/server', 'metadata.annotations.mcphub.io/x'])
    expect(checkMetadata({})).toEqual([])
  })
  test('values are valid', () => {
    for (const text of ['', '앨리스', 'x'.repeat(300), 'ok'])
      expect(labelValue(text)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    expect(Object.values(commonLabels('sandbox', 'my release')).every((value) => value.length <= 63)).toBe(true)
  })
})

describe('McpSandbox', () => {
  const sandbox = {
    apiVersion: API_VERSION,
    kind: 'McpSandbox',
    metadata: { name: 'filesystem-abc' },
    spec: { serverRef: { name: 'filesystem', uid: '1' }, userRef: 'a'.repeat(26) },
  }
  test('fills in what was left out', () => {
    expect(mcpSandbox.parse(sandbox).spec).toMatchObject({ operatingMode: 'Auto', userGroupRefs: [] })
  })
  test('takes status, and no plain user id', () => {
    const status = {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: SANDBOX_READY_REASONS[0],
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    }
    expect(mcpSandbox.safeParse({ ...sandbox, status }).success).toBe(true)
    expect(mcpSandbox.safeParse({ ...sandbox, spec: { ...sandbox.spec, userRef: 'alice@example.com' } }).success).toBe(
      false,
    )
    expect(mcpSandbox.safeParse({ ...sandbox, spec: { ...sandbox.spec, userName: 'a' } }).success).toBe(false)
  })
})
