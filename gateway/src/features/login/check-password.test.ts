import { describe, expect, test } from 'vitest'
import { checkNewPassword } from './check-password.ts'

describe('a new password', () => {
  test.each([
    'password1234',
    'P@ssw0rd!2024',
    'passwordpassword',
    'welcome-admin-2025',
    'iloveyou12345',
    '123456789012',
    '987654321098',
    'qwertyuiop123',
    'aaaaaaaaaaaa',
    'abababababab',
    'abcdefghijkl',
    'correcthorsebatterystaple',
    'mcphub-admin-1',
    'MonkeyDragon99',
    'robertsmith-1',
    'letmein!letmein!',
  ])('%s is one everybody tries', (password) => expect(checkNewPassword(password, 'robertsmith')).not.toBeNull())

  test.each([
    'a-harmless-gazebo-42',
    'vier blaue Kacheln',
    '파란 타일 네 장을 붙였다',
    'x7Qm-Lr0v-Tz2w',
    'the old password was worse',
    'bicycle under snowfall',
  ])('%s will do', (password) => expect(checkNewPassword(password, 'robertsmith')).toBeNull())

  test('the fault names the field and never the password', () => {
    const fault = checkNewPassword('password1234', 'bob')
    expect(fault?.field).toBe('password')
    expect(JSON.stringify(fault)).not.toContain('1234')
  })
})
