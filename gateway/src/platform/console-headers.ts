// The headers of everything the console is made of (CON-8). The pages have no inline script and no inline style, and nothing they
// show may be taken for markup: Trusted Types make the browser refuse every string where it would parse one.
import type { ServerResponse } from 'node:http'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

export const CONSOLE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  // counts only over https, and leaves other hosts of the domain alone
  'strict-transport-security': 'max-age=31536000',
}

export function setConsoleHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(CONSOLE_HEADERS)) response.setHeader(name, value)
}
