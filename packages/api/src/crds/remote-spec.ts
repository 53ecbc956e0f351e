// The member `remote` of a McpServer: a server somewhere else, reached over HTTP. Its rules in words of the hub are check-remote.ts.
import { z } from 'zod'
import { listMap, matches, onlyReferences, rules } from './cel.ts'
import { HTTP_URL, OWN_HEADERS, UNFIT_HEADER_VALUE, VARIABLE_IN_HOST } from './patterns.ts'

const TEMPLATE = onlyReferences('USER', 'ORG')

const headerName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'not an HTTP header name')

const header = z.strictObject({
  name: headerName.describe('Name of the header, in any case.').meta(
    rules({
      rule: `!${matches('self.lowerAscii()', OWN_HEADERS)}`,
      message: 'the hub sets this header itself; remove it',
    }),
  ),
  value: z
    .string()
    .max(8192)
    .describe(
      "Its value: printable ASCII. ${USER_X} stands for the calling person's own value, ${ORG_X} for one an administrator set.",
    )
    .meta(
      rules(
        {
          rule: `!${matches('self', UNFIT_HEADER_VALUE)}`,
          message: 'use printable ASCII without spaces at the edges',
        },
        TEMPLATE,
      ),
    ),
})

const HTTP_TO_LOOPBACK = /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d*)?([/?#]|$)/i

export const remoteSpec = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .max(2048)
      .describe('Address of the MCP endpoint, https://… ; plain http only to loopback, or with insecure: Allow.')
      .meta(rules(TEMPLATE)),
    transport: z
      .enum(['StreamableHttp', 'Sse'])
      .default('StreamableHttp')
      .describe('StreamableHttp, or Sse for a server that speaks only the HTTP+SSE transport of 2024-11-05.'),
    headers: z
      .array(header.describe('One header.'))
      .max(32)
      .default([])
      .describe('Headers sent with every request, such as Authorization.')
      .meta({
        ...listMap('name'),
        ...rules({
          rule: 'self.all(one, self.exists_one(other, other.name.lowerAscii() == one.name.lowerAscii()))',
          message: 'this name stands in the list twice; keep one',
        }),
      }),
    contextHeaders: z
      .enum(['All', 'None'])
      .default('All')
      .describe('All: tell the server who calls (X-MCPHub-User-Id and others). None: for a server of strangers.'),
    /** NET-5 */
    allowInUrl: z
      .boolean()
      .default(false)
      .describe(
        'Whether variables may stand in the path or query of the URL, where proxies and logs can see their values.',
      ),
    insecure: z
      .enum(['Refuse', 'Allow'])
      .default('Refuse')
      .describe('Allow: plain http to another host than loopback, where the network sees every call.'),
  })
  .meta(
    rules(
      {
        rule: matches('self.url', HTTP_URL),
        message: 'not an https or http URL; give one such as https://mcp.example.com/mcp',
        fieldPath: '.url',
      },
      {
        rule: `self.insecure == 'Allow' || !${matches('self.url', /^http:/i)} || ${matches('self.url', HTTP_TO_LOOPBACK)}`,
        message: 'plain http shows every call to the network; use https, or set remote.insecure: Allow',
        fieldPath: '.url',
      },
      {
        rule: `!${matches('self.url', /^[^/?#]*\/\/[^/?#]*@/)}`,
        message: 'put no credentials into the URL; send them in remote.headers',
        fieldPath: '.url',
      },
      {
        rule: `!${matches('self.url', /#./)}`,
        message: 'remove the part after "#"; it is never sent',
        fieldPath: '.url',
      },
      {
        rule: `!${matches('self.url', VARIABLE_IN_HOST)}`,
        message: 'a variable may stand in the path or query of a URL, never in its scheme or host',
        fieldPath: '.url',
      },
      {
        rule: "self.allowInUrl || !self.url.contains('${')",
        message: 'a variable in the URL must be allowed with remote.allowInUrl: true',
        fieldPath: '.url',
      },
    ),
  )

export type RemoteSpec = z.infer<typeof remoteSpec>
