// The fixture's prompts and resources.
import {
  acceptedContent,
  completable,
  inputRequired,
  ResourceTemplate,
  type McpServer,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { textField, PNG, PNG_CONTENT } from './fixture-content.ts'

const WORDS = ['paris', 'park', 'party']
const complete = (value: string | undefined) => WORDS.filter((word) => word.startsWith(value ?? ''))
const says = (value: string) => ({ role: 'user' as const, content: { type: 'text' as const, text: value } })

export function registerPrompts(server: McpServer): void {
  const about = (description: string) => ({ description })
  server.registerPrompt('test_simple_prompt', about('Without arguments'), () => ({
    messages: [says('This is a simple prompt for testing.')],
  }))
  const argsSchema = z.object({ arg1: completable(z.string(), complete), arg2: completable(z.string(), complete) })
  server.registerPrompt('test_prompt_with_arguments', { description: 'With two', argsSchema }, ({ arg1, arg2 }) => ({
    messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  }))
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'resource',
            resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
          },
        },
        says('Please process the embedded resource above.'),
      ],
    }),
  )
  server.registerPrompt('test_prompt_with_image', about('With an image'), () => ({
    messages: [{ role: 'user', content: PNG_CONTENT }, says('Please analyze the image above.')],
  }))
  server.registerPrompt('test_input_required_result_prompt', about('Asks the person first'), (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_context')
    if (given !== undefined) return { messages: [says(`The context is ${String(given['context'])}`)] }
    const message = 'What context should the prompt use?'
    const user_context = inputRequired.elicit({ message, requestedSchema: textField('context') })
    return inputRequired({ inputRequests: { user_context } })
  })
}

export function registerResources(server: McpServer): void {
  const cacheHint = { ttlMs: 1000, cacheScope: 'public' as const }
  server.registerResource(
    'static-text',
    'test://static-text',
    { mimeType: 'text/plain', description: 'A text', cacheHint },
    (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
    }),
  )
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
  }))
  server.registerResource('watched', 'test://watched-resource', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'Watched' }],
  }))
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined, complete: { id: complete } })
  server.registerResource('template', template, { mimeType: 'application/json' }, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }))
  server.server.setRequestHandler('resources/subscribe', async () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', async () => ({}))
}
