// How V8 runs the gateway. For its effect, imported before anything else.
import { setFlagsFromString } from 'node:v8'

// An object literal of which nearly all instances once survived a young collection (200 sessions opened within a tenth of a second) is from then on made
// among the old ones, for the life of the process. Where it is made per call, everything it points to, the whole request, then survives too, until the next
// full collection: a fifth of a call's CPU (docs/performance.md). Nothing here is made to live long in such numbers that it would miss the shortcut.
setFlagsFromString('--no-allocation-site-pretenuring')
