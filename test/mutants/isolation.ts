// The planted faults that the isolation check must find: the two classes of mistakes that mix people up in gateways of this kind.
import type { Mutant } from '../kit/mutants.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'calls in flight keyed by the client’s id alone',
    file: 'mcp/upstream/create-upstreams.ts',
    find: 'const id = this.#tools.mintId()',
    replace: 'const id = `client-${request.idJson}`',
  },
  {
    name: 'an upstream session shared between people',
    file: 'mcp/upstream/links.ts',
    find: "const whose = discovery ? 'discovery' :",
    replace: "const whose = discovery ? 'discovery' : server.name !== '' ? 'anybody' :",
  },
]
