// Manifests of the stories: servers that run the image of the stories, groups of people.
import { context } from './hub.ts'

const API = 'mcphub.io/v1alpha1'

export interface ServerOptions {
  readonly spec?: Readonly<Record<string, unknown>>
  /** merged over `stdio` */
  readonly stdio?: Readonly<Record<string, unknown>>
}

/** A program of its own for every person, who must have given USER_STORY_SECRET; asleep a minute after the last call. */
export const personalServer = (name: string, { spec, stdio }: ServerOptions = {}): object => ({
  apiVersion: API,
  kind: 'McpServer',
  metadata: { name },
  spec: {
    type: 'Stdio',
    access: 'Everyone',
    stdio: {
      image: context.serverImage,
      command: ['node', '/app/server.mjs'],
      env: [{ name: 'SERVER_SECRET', value: '${USER_STORY_SECRET}' }],
      idleTimeoutSeconds: 60,
      resources: { cpu: '1', memory: '256Mi' },
      ...stdio,
    },
    ...spec,
  },
})

export const group = (name: string, spec: Readonly<Record<string, unknown>>): object => ({
  apiVersion: API,
  kind: 'UserGroup',
  metadata: { name },
  spec,
})
