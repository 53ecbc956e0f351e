// file: gateway/src/access/bad-type.ts
// fires: typescript(consistent-type-imports)
import { Duplex } from 'node:stream'

export type Pipe = Duplex
