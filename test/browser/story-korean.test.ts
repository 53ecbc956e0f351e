// R6-8: what the hub itself has to say, where most goes wrong, in Korean: its checks, manifests with faults, a server that does not start, one
// that does not answer, a value it does not take, why a tool is not seen.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { FAULTY_MANIFESTS } from '../kit/faulty-manifests.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { isEnglish, readTexts } from './kit/english.ts'
import { waitUntilShown } from './kit/tour.ts'

let hub: TestHub
let admin: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({ manifests: FAULTY_MANIFESTS })
  admin = await hub.addUser('jisoo')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  const isBroken = async (name: string): Promise<boolean> => {
    const { status } = await hub.request<{ status: string }>('GET', `/api/servers/${name}`, undefined, admin.key)
    return status === 'Failed'
  }
  await waitUntil(async () => (await isBroken('away')) && isBroken('python'), 'both were tried')
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

const KOREAN = { language: 'ko' } as const

async function expectKorean(page: Page, ...sentences: readonly (RegExp | string)[]): Promise<void> {
  await waitUntilShown(page)
  for (const sentence of sentences) await page.getByText(sentence).first().waitFor()
  expect((await readTexts(page)).filter((text) => isEnglish(text, []))).toEqual([])
}

test('R6-8: the checks of the hub, each with what to do', async ({ open }) => {
  const page = await open({ hub, path: '/admin/system?tab=checks', person: admin, ...KOREAN })
  await expectKorean(page, /오류 \d+건\. 첫 번째는/, '고치면 허브가 바로 읽어요.', '설치되지 않은 서버 python')
})

test('R6-8: manifests with faults, each at its line; what YAML itself says stays as it is, and is marked', async ({
  open,
}) => {
  const page = await open({ hub, path: '/admin/servers', person: admin, ...KOREAN })
  await page.getByText('자세히 보기').click()
  await expectKorean(
    page,
    '알 수 없는 필드 "urll"이(가) 있어요. "url"을(를) 쓰려던 건가요?',
    'HTTPS와 HTTP 주소만 쓸 수 있어요.',
    '올바른 YAML이 아니에요:',
  )
  await expect.poll(() => page.locator('details [lang=en]').count()).toBeGreaterThan(0)
})

test('R6-8: a manifest that is typed: faults at fields and lines', async ({ open }) => {
  const page = await open({ hub, path: '/admin/new-server?from=remote', person: admin, ...KOREAN })
  await waitUntilShown(page)
  await page.getByLabel('이름', { exact: true }).fill('files')
  await page.getByLabel('주소', { exact: true }).fill('http://files.example/mcp')
  await expectKorean(page, '암호화하지 않은 HTTP로는 모든 호출이 네트워크에 노출돼요.')
})

test('R6-8: servers that do not work, and why', async ({ open }) => {
  const page = await open({ hub, path: '/servers/python', person: admin, ...KOREAN })
  await expectKorean(page, '아직 컴퓨터 한 대에서는 설치할 수 없어요')
  await page.goto(`${hub.url}/servers/away`)
  await expectKorean(page, 'away 서버에 연결할 수 없어요')
})

test('R6-8: why a tool is not seen, step by step', async ({ open }) => {
  const page = await open({ hub, path: '/servers', person: admin, ...KOREAN })
  await page.getByLabel('도구 또는 서버').fill('python')
  await page.getByRole('button', { name: '이유 찾기' }).click()
  await page.getByText('어떻게 알아냈나요').click()
  await expectKorean(page, '다음을 통해 쓸 수 있어요: access: Everyone')
})

test('R6-8: a value that cannot be used, and a fault that is told above the page', async ({ open }) => {
  const page = await open({ hub, path: '/admin/variables', person: admin, ...KOREAN })
  await page.getByRole('button', { name: '변수 설정' }).first().click()
  await page.getByLabel('변수', { exact: true }).fill('ORG_TOKEN')
  await page.getByLabel('값', { exact: true }).fill(' with spaces ')
  await page.getByRole('button', { name: '저장' }).click()
  await expectKorean(page, '값이 공백으로 시작하거나 끝나요.')
})
