// file: launcher/src/good.ts
// fires: nothing
import { Client } from 'pg'

export const Its = Client
