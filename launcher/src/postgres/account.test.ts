// Which account PostgreSQL gets when root starts the hub.
import { describe, expect, test } from 'vitest'
import { chooseAccount } from './account.ts'

const ROOT = 'root:x:0:0:root:/root:/bin/bash'
const NOBODY = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin'

describe('chooseAccount', () => {
  test.each([
    ['postgres before nobody', `${ROOT}\n${NOBODY}\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\n`, 'postgres'],
    ['nobody on a bare system', `${ROOT}\ndaemon:x:1:1::/:/bin/sh\n${NOBODY}\n`, 'nobody'],
    [
      'daemon where nobody has a negative number',
      `##\n# macOS\nnobody:*:-2:-2::/var/empty:/usr/bin/false\ndaemon:*:1:1::/:/x\n`,
      'daemon',
    ],
  ])('takes %s', (_, passwd, name) => {
    expect(chooseAccount(passwd)?.name).toBe(name)
  })

  test('never takes an account of a person, nor root by another name', () => {
    expect(chooseAccount(`${ROOT}\nalice:x:1000:1000::/home/alice:/bin/bash\npostgres:x:0:0::/:/bin/sh\n`)).toBe(null)
  })
})
