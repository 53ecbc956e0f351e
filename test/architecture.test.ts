// "The one file where …" of ARCHITECTURE.md, held by a scan of the gateway's source: what may be done in one place is done nowhere else.
// Each rule is shown to find a planted violation, so that a rule that matches nothing cannot pass for a rule that is kept.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

interface OnlyHere {
  readonly what: string
  /** the file ARCHITECTURE.md names */
  readonly file: string
  /** others that may match, with the reason beside them */
  readonly also: readonly string[]
  /** folder below which it counts; default the gateway */
  readonly below?: string
  /** in code without comments */
  readonly pattern: RegExp
  /** lines that must be found when they stand in another file */
  readonly planted: readonly string[]
}

const RULES: readonly OnlyHere[] = [
  {
    what: 'a key is told from other text',
    file: 'gateway/src/auth/authenticator.ts',
    also: [
      'gateway/src/platform/redact.ts', // takes keys out of logs
      'gateway/src/auth/key-prefix.ts', // tells whose mistyped key it was, to that person alone
    ],
    pattern: /\bHUB_KEY\b|\/\^?mcphub_/,
    planted: [`import { HUB_KEY } from '@mcphub/api'`, `if (/^mcphub_[0-9a-f]{64}$/.test(key)) return user`],
  },
  {
    what: 'a token is hashed to be looked up',
    file: 'gateway/src/auth/authenticator.ts',
    also: [
      'gateway/src/auth/tokens.ts', // defines it
      'gateway/src/features/keys/keys-service.ts', // stores a new key's hash
      'gateway/src/features/users/setup.ts', // the set-up link's own token
      'gateway/src/auth/console-sessions.ts', // stores a new session's hash
      'gateway/src/features/login/login-service.ts', // the one-time links' own tokens
      'gateway/src/features/providers/flows.ts', // what binds a way to a provider to the way back
    ],
    pattern: /\bhashToken\b/,
    planted: [`const row = await store.find(hashToken(url.searchParams.get('key')!))`],
  },
  {
    what: 'an authenticator is made',
    file: 'gateway/src/auth/authenticator.ts',
    also: ['gateway/src/auth/identities.ts'], // hands on to the two that are made there
    pattern:
      /\bimplements\s+\w*Authenticator\b|\bauthenticate\s*:\s*(async\s*)?\(|(?<!function )\bauthenticate\([^)]*\)[^;\n]*\{/,
    planted: [
      `class Other implements Authenticator {`,
      `const auth = { authenticate: () => admin }`,
      `authenticate(presented) { return admin }`,
    ],
  },
  {
    what: 'a header to a server is written',
    file: 'gateway/src/proxy/headers.ts',
    also: [],
    // headers of answers to clients are written in mcp/downstream and platform; what opens connections lies here
    below: 'gateway/src/mcp/upstream/',
    pattern: /\bheaders\s*\.\s*(push|unshift)\s*\(\s*['"`]|['"`]x-mcphub-|\bheaders\s*\.\s*(set|append)\s*\(/i,
    planted: [`headers.push('authorization', token)`, `const name = 'X-MCPHub-User-Id'`, `headers.set(name, value)`],
  },
  {
    what: 'a connection to a server is opened',
    file: 'gateway/src/proxy/http1/connection.ts',
    also: [
      'gateway/src/proxy/undici-pool.ts', // https
      // not to servers: to the providers people log in with
      'gateway/src/features/providers/provider-fetch.ts',
      // not to servers: between replicas, and to and from the shims of our own pods, each by the gateways' own CA
      'gateway/src/peers/peer-client.ts',
      'gateway/src/peers/peer-server.ts',
      'gateway/src/sandboxes/pods/call-home-server.ts',
      'gateway/src/sandboxes/pods/shim-link.ts',
    ],
    pattern:
      /import\s+(?!type\b)[^'"]*from\s*['"](undici|node:https|node:http2)['"]|\bfetch\s*\((?!['"]\/)|\b(request|get)\b[^'"\n]*from\s*['"]node:http['"]|\bhttps?\s*\.\s*(request|get)\s*\(|\b(connect|createConnection)\b[^'"\n]*from\s*['"]node:(net|tls)['"]/,
    planted: [
      `import { request } from 'undici'`,
      `const answer = await fetch(server.spec.remote.url)`,
      `import { request } from 'node:http'`,
      `import https from 'node:https'`,
      `import { connect } from 'node:tls'`,
      `http.request(url)`,
    ],
  },
  {
    what: 'a child is started',
    file: 'gateway/src/sandboxes/process/start-process.ts',
    below: '',
    also: [
      'gateway/src/packages/npm/run-npm.ts', // npm, when a package is installed
      'gateway/src/sandboxes/process/process-table.ts', // ps, where there is no /proc
      // npm and uv, on the machine of whoever makes an image
      'cli/src/image/resolve-lock.ts',
      'cli/src/image/resolve-requirements.ts',
    ],
    pattern:
      /import\s+(?!type\b)[^'"]*from\s*['"](node:)?(child_process|cluster|worker_threads)['"]|\bimport\s*\(\s*['"](node:)?(child_process|cluster|worker_threads)['"]/,
    planted: [
      `import { spawn } from 'node:child_process'`,
      `import { type ChildProcess, execFile } from 'child_process'`,
      `import * as processes from 'node:child_process'`,
      `const { fork } = await import('node:child_process')`,
    ],
  },
  {
    what: 'an idle time is decided',
    file: 'gateway/src/sandboxes/pods/lease.ts',
    also: ['gateway/src/sandboxes/process/watcher.ts'], // on one machine, where there are no leases
    pattern: /\bidleTimeoutSeconds\b/,
    planted: [`const idle = group.spec.sandboxes.idleTimeoutSeconds`],
  },
  {
    what: 'the end of a lease is written',
    file: 'gateway/src/sandboxes/pods/lease.ts',
    also: [],
    below: 'gateway/src/sandboxes/',
    // by its own `toTime` alone, which takes what it judged
    pattern: /\bactiveUntilTime\s*:(?!\s*toTime\()|\btoTime\s*=/,
    planted: [
      `const spec = { activeUntilTime: new Date(now + 999_000).toISOString() }`,
      `const toTime = (at: number) => new Date(at + 1).toISOString()`,
    ],
  },
  {
    what: 'it is decided that a sandbox sleeps',
    file: 'operator/src/mcp-sandbox/activity.ts',
    also: [],
    below: 'operator/',
    pattern: /\bactiveUntilTime\b|\boperatingMode\b|\bactiveUntilMs\([^()]*\)\s*[<>]|[<>]=?\s*activeUntilMs\(/,
    planted: [
      `const isAsleep = activeUntilMs(observed.sandbox.spec) <= nowMs`,
      `if (nowMs > activeUntilMs(spec)) return end(pod)`,
      `if (Date.parse(sandbox.spec.activeUntilTime) < now) await removePod()`,
      `const sleeps = spec.operatingMode === 'Suspended'`,
    ],
  },
  {
    what: 'a pod is believed',
    file: 'gateway/src/sandboxes/pods/call-home.ts',
    also: ['gateway/src/sandboxes/pods/resources.ts'], // names the kind
    pattern: /\bTOKEN_REVIEWS\b|\btokenreviews\b/i,
    planted: [`client.create(TOKEN_REVIEWS, review)`],
  },
  {
    what: "a pod's security context is made",
    file: 'operator/src/pods/build-pod.ts',
    also: [],
    below: 'operator/',
    pattern:
      /\bsecurityContext\b|\bseccompProfile\b|\brunAs(User|Group|NonRoot)\b|\bprivileged\b|\bcapabilities\b|\bhost(Network|PID|IPC|Path)\b|\ballowPrivilegeEscalation\b|\breadOnlyRootFilesystem\b|\bprocMount\b|\bfsGroup/,
    planted: [
      `containers: [{ name: 'extra', securityContext: { privileged: true } }]`,
      `const context = { capabilities: { add: ['SYS_ADMIN'] } }`,
      `spec: { hostNetwork: true }`,
      `volumes: [{ name: 'root', hostPath: { path: '/' } }]`,
    ],
  },
  {
    what: 'what a pod may reach is decided',
    file: 'operator/src/policies/build-policies.ts',
    also: ['operator/src/policies/ip-blocks.ts'], // closed networks out of open ones
    below: 'operator/',
    pattern: /\bpolicyTypes\s*:\s*\[|\bipBlock\s*:\s*\{|\bnamespaceSelector\s*:/,
    planted: [`spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] }`, `to: [{ ipBlock: { cidr } }]`],
  },
  {
    what: 'how long a pod may take to go',
    file: 'operator/src/pods/grace.ts',
    also: [],
    below: 'operator/',
    pattern: /\b\w*(grace|drain|deaf|at_once)_?(period)?_?seconds\b['"\]]*\s*[:=]\s*\d/i,
    planted: [`const GRACE_SECONDS = 1`, `client.delete(PODS, pod, { gracePeriodSeconds: 30 })`],
  },
  {
    what: "a sandbox's reason is made",
    file: 'operator/src/mcp-sandbox/reasons.ts',
    also: [],
    below: 'operator/src/mcp-sandbox/',
    pattern: /\breason(\(|:)\s*['"`][A-Z]/,
    // a reason by way of a variable the compiler refuses: the type is made in that file alone
    planted: [`return { reason: 'CrashLoop', message: 'it crashed' }`, `const failed = reason('Evicted', 'gone')`],
  },
  {
    what: "a server's condition is made",
    file: 'operator/src/mcp-server/conditions.ts',
    also: [
      'operator/src/mcp-server/checks.ts', // Accepted and ImageAllowed
      'operator/src/mcp-server/pool/pool-condition.ts', // WarmPoolReady
    ],
    below: 'operator/src/mcp-server/',
    pattern: /\breason\s*:\s*['"`][A-Z]/,
    planted: [`setCondition(all, { type: 'Ready', status: 'False', reason: 'Broken', message }, now)`],
  },
  {
    what: 'a condition is put into a status',
    file: 'operator/src/user-group/status.ts',
    // of what the files of their conditions made
    also: ['operator/src/mcp-sandbox/status.ts', 'operator/src/mcp-server/status.ts'],
    below: 'operator/',
    pattern: /\bsetCondition\b/,
    planted: [`conditions = setCondition(conditions, { type: 'Ready', status: 'False', reason: why, message }, now)`],
  },
  {
    what: "a group's condition is made",
    file: 'operator/src/user-group/status.ts',
    also: [
      // those of sandboxes and servers, as above: in no other folder of the operator is any
      'operator/src/mcp-sandbox/reasons.ts',
      'operator/src/mcp-server/conditions.ts',
      'operator/src/mcp-server/checks.ts',
      'operator/src/mcp-server/pool/pool-condition.ts',
    ],
    below: 'operator/',
    pattern: /\breason(\(|\s*:)\s*['"`][A-Z]/,
    planted: [`return { status: 'False', reason: 'Nobody', message: 'it has no members' }`],
  },
]

type Sources = ReadonlyMap<string, string>

/** Programs that run in production: no tests, no doubles. */
function readSources(): Sources {
  const sources = new Map<string, string>()
  for (const folder of ['gateway/src', 'operator/src', 'packages/api/src', 'cli/src']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const file = `${folder}/${entry}`
      if (!file.endsWith('.ts') || file.endsWith('.test.ts') || /\/(fake|test)-[^/]*$|\/testing\//.test(file)) continue
      sources.set(file, withoutComments(readFileSync(join(root, file), 'utf8')))
    }
  }
  return sources
}

/** Whole-line and block comments only: a comment behind code stays, so nothing of the code is lost. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

function findViolations({ file, also, pattern, below = 'gateway/' }: OnlyHere, sources: Sources): string[] {
  const allowed = new Set([file, ...also])
  return [...sources]
    .filter(([path, code]) => !allowed.has(path) && path.startsWith(below) && pattern.test(code))
    .map(([path]) => path)
}

const sources = readSources()

describe.each(RULES)('$what in $file', (rule) => {
  test('R3-7b: and nowhere else', () => {
    expect(sources.size).toBeGreaterThan(100)
    expect(findViolations(rule, sources)).toEqual([])
  })

  test('R3-7b: the named file does it, and so do the exceptions', () => {
    for (const file of [rule.file, ...rule.also]) expect(rule.pattern.test(sources.get(file) ?? ''), file).toBe(true)
  })

  test.each(rule.planted)('R3-7b: a planted violation is found: %s', (line) => {
    const path = `${rule.below || 'gateway/src/features/keys/'}planted.ts`
    expect(findViolations(rule, new Map([...sources, [path, `export const a = 1\n${line}\n`]]))).toEqual([path])
    expect(findViolations(rule, new Map([...sources, [path, withoutComments(`// ${line}\n`)]]))).toEqual([])
  })
})

test('R3-7b: ARCHITECTURE.md names the file of every rule', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const named = RULES.map(({ file }) => file)
  expect(named).toEqual(
    expect.arrayContaining([
      'operator/src/pods/build-pod.ts',
      'operator/src/mcp-sandbox/activity.ts',
      'operator/src/mcp-sandbox/reasons.ts',
    ]),
  )
  expect(named.filter((file) => !text.includes(`\`${file}\``))).toEqual([])
})
