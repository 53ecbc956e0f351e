// Rows of the pairing matrix: how a client opens, and what it is told of the server.
import type { Loose } from '../kit/raw-client.ts'
import { SESSIONS, type Feature } from './matrix.ts'
import { EXTENSION, INSTRUCTIONS } from './surface.ts'

const AREA = 'Opening'
const NOTHING = 'none: nothing is opened'

export const OPENINGS: readonly Feature[] = [
  {
    area: AREA,
    title: 'the revision the client asks for',
    note: 'Whatever the server speaks: the hub answers each client in its own revision.',
    rules: [{ down: ['plain POST'], is: NOTHING }],
    async exchange({ client, down }) {
      if (down === 'plain POST') return NOTHING
      if (down !== '2026-07-28') return client.initialized?.result.protocolVersion === down ? 'passes' : 'none: another'
      const { result } = await client.request('server/discover')
      return result.supportedVersions.includes(down) ? 'passes' : 'none: another'
    },
  },
  {
    area: AREA,
    title: "the server's instructions",
    rules: [{ down: ['plain POST'], is: NOTHING }],
    async exchange({ client, down }) {
      if (down === 'plain POST') return NOTHING
      const { result } = down === '2026-07-28' ? await client.request('server/discover') : client.initialized!
      return result.instructions === INSTRUCTIONS ? 'passes' : 'none: they differ'
    },
  },
  {
    area: AREA,
    title: "the server's capabilities",
    note: 'Those the hub carries to this client.',
    rules: [{ down: ['plain POST'], is: NOTHING }],
    async exchange({ client, down }) {
      if (down === 'plain POST') return NOTHING
      const { result } = down === '2026-07-28' ? await client.request('server/discover') : client.initialized!
      const { capabilities } = result as { capabilities: Loose }
      const hasLists = ['tools', 'prompts', 'resources'].every((name) => capabilities[name]?.listChanged === true)
      return hasLists && capabilities.completions && capabilities.logging && capabilities.resources.subscribe === true
        ? 'passes'
        : `none: ${JSON.stringify(capabilities)}`
    },
  },
  {
    area: AREA,
    title: 'extensions the server offers',
    rules: [{ down: ['plain POST'], is: NOTHING }],
    async exchange({ client, down }) {
      if (down === 'plain POST') return NOTHING
      const { result } = down === '2026-07-28' ? await client.request('server/discover') : client.initialized!
      const offered = result.capabilities.extensions?.[EXTENSION]
      return offered?.version === 1 ? 'passes' : 'none: it is not offered'
    },
  },
  {
    area: AREA,
    title: 'extensions the client declares',
    note: 'A stdio server is started for a person, not for one of their editors: it hears of none.',
    rules: [
      { up: ['stdio'], is: 'none: it is not declared' },
      { down: ['plain POST'], is: 'none: it is not declared' },
    ],
    async exchange({ ask }) {
      const { capabilities } = (await ask('whoami')) as Loose
      return capabilities?.extensions?.[EXTENSION] === undefined ? 'none: it is not declared' : 'passes'
    },
  },
  {
    area: AREA,
    title: 'a method that does not exist',
    note: 'In 2026-07-28 with the status 404.',
    rules: [{ is: 'client: -32601' }],
    async exchange({ client, down }) {
      const { error, status } = await client.request('no/such-method')
      const wanted = down === '2026-07-28' ? 404 : 200
      return status === wanted ? `client: ${error?.code}` : `none: the status is ${status}`
    },
  },
  {
    area: AREA,
    title: '`server/discover`',
    rules: [{ down: [...SESSIONS, 'plain POST'], is: 'client: -32601' }],
    async exchange({ client }) {
      const { result, error } = await client.request('server/discover')
      return result?.resultType === 'complete' && result.cacheScope === 'private' ? 'passes' : `client: ${error?.code}`
    },
  },
]
