// The same over pipes; `modern` as its argument makes it answer server/discover alone.
import { createInterface } from 'node:readline'
import { Subscriber } from './subscribable-server.ts'

const isModern = process.argv[2] === 'modern'
const write = (message: object) => void process.stdout.write(`${JSON.stringify(message)}\n`)
const subscriber = new Subscriber(write)

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line) as { readonly id?: string; readonly method?: string }
  const isOther = message.method === (isModern ? 'initialize' : 'server/discover')
  const answer = isOther ? subscriber.handle({ ...message, method: 'none' }) : subscriber.handle(message)
  if (answer !== null) write(answer)
})
