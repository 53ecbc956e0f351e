// The fixture's tools that need something from the client: written once as 2026-07-28 has it; for older clients the SDK asks in the middle of the call.
import {
  acceptedContent,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { DEFAULTS_FORM, ENUMS_FORM, OK_FORM, text, textField } from './fixture-content.ts'
import type { FixtureWorld } from './fixture-world.ts'

type Form = Parameters<typeof inputRequired.elicit>[0]['requestedSchema']

const nothing = z.object({})
const about = (description: string) => ({ description, inputSchema: nothing })

const ask = (content: string, maxTokens = 100) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: content } }], maxTokens })

const elicit = (message: string, requestedSchema: Form) => inputRequired.elicit({ message, requestedSchema })

/** What the model said, or null while it has not been asked. */
function readSampled(ctx: ServerContext, key: string): string | null {
  const given = inputResponse(ctx.mcpReq.inputResponses, key)
  if (given.kind !== 'sampling') return null
  const { content } = given.result
  const first = Array.isArray(content) ? content[0] : content
  return first?.type === 'text' ? first.text : 'something that is no text'
}

function readElicited(ctx: ServerContext, key: string): string | null {
  const given = inputResponse(ctx.mcpReq.inputResponses, key)
  if (given.kind !== 'elicit') return null
  return `action=${given.action}, content=${JSON.stringify(given.content ?? {})}`
}

export function registerInputTools(server: McpServer, world: FixtureWorld): void {
  registerSampling(server)
  registerElicitation(server)
  registerSingleRounds(server)
  registerStates(server, world)
}

function registerSampling(server: McpServer): void {
  const prompt = { description: 'Asks the model', inputSchema: z.object({ prompt: z.string() }) }
  server.registerTool('test_sampling', prompt, async (args, ctx) => {
    const said = readSampled(ctx, 'answer')
    return said === null
      ? inputRequired({ inputRequests: { answer: ask(args.prompt) } })
      : text(`LLM response: ${said}`)
  })
  server.registerTool('test_missing_capability', about('Cannot work without sampling'), async (_args, ctx) => {
    const said = readSampled(ctx, 'answer')
    return said === null ? inputRequired({ inputRequests: { answer: ask('Anything?') } }) : text(said)
  })
  server.registerTool('test_input_required_result_sampling', about('Asks the model'), async (_args, ctx) => {
    const said = readSampled(ctx, 'capital_question')
    return said === null
      ? inputRequired({ inputRequests: { capital_question: ask('What is the capital of France?') } })
      : text(said)
  })
}

function registerElicitation(server: McpServer): void {
  const forms: readonly (readonly [name: string, message: string, form: Form])[] = [
    ['test_elicitation_sep1034_defaults', 'Please check what is filled in', DEFAULTS_FORM],
    ['test_elicitation_sep1330_enums', 'Please choose', ENUMS_FORM],
    ['test_streaming_elicitation', 'Please confirm', OK_FORM],
  ]
  for (const [name, message, form] of forms) {
    server.registerTool(name, about('Asks the person with a form'), async (_args, ctx) => {
      const said = readElicited(ctx, 'form')
      return said === null
        ? inputRequired({ inputRequests: { form: elicit(message, form) } })
        : text(`Elicitation completed: ${said}`)
    })
  }
  const message = { description: 'Asks the person', inputSchema: z.object({ message: z.string() }) }
  server.registerTool('test_elicitation', message, async (args, ctx) => {
    const said = readElicited(ctx, 'person')
    const requestedSchema: Form = {
      type: 'object',
      properties: {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      },
      required: ['username', 'email'],
    }
    return said === null
      ? inputRequired({ inputRequests: { person: elicit(args.message, requestedSchema) } })
      : text(`User response: ${said}`)
  })
}

function registerSingleRounds(server: McpServer): void {
  server.registerTool('test_input_required_result_elicitation', about('Asks for a name'), async (_args, ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_name')
    return typeof given?.['name'] === 'string'
      ? text(`Hello, ${given['name']}!`)
      : inputRequired({ inputRequests: { user_name: elicit('What is your name?', textField('name')) } })
  })
  server.registerTool('test_input_required_result_list_roots', about('Asks for roots'), async (_args, ctx) => {
    const given = inputResponse(ctx.mcpReq.inputResponses, 'client_roots')
    return given.kind === 'roots'
      ? text(`Roots: ${given.roots.map(({ uri }) => uri).join(', ')}`)
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
  })
  server.registerTool('test_input_required_result_capabilities', about('Asks what it can'), async (_args, ctx) => {
    const said = readSampled(ctx, 'model') ?? readElicited(ctx, 'person')
    if (said !== null) return text(said)
    const capabilities = server.server.getClientCapabilities()
    const model = capabilities?.sampling === undefined ? {} : { model: ask('Anything?') }
    const person = capabilities?.elicitation === undefined ? {} : { person: elicit('Anything?', OK_FORM) }
    return inputRequired({ inputRequests: { ...model, ...person } })
  })
}

function registerStates(server: McpServer, { states }: FixtureWorld): void {
  for (const name of ['test_input_required_result_request_state', 'test_input_required_result_tampered_state']) {
    server.registerTool(name, about('Asks to confirm, with a state'), async (_args, ctx) => {
      const given = acceptedContent(ctx.mcpReq.inputResponses, 'confirm')
      if (given !== undefined && ctx.mcpReq.requestState() === name) return text('state-ok')
      const requestState = await states.mint(name)
      return inputRequired({
        inputRequests: { confirm: elicit('Please confirm', OK_FORM) },
        requestState,
      })
    })
  }
  server.registerTool('test_input_required_result_multiple_inputs', about('Asks three at once'), async (_args, ctx) => {
    const name = acceptedContent(ctx.mcpReq.inputResponses, 'user_name')
    const greeting = readSampled(ctx, 'greeting')
    const roots = inputResponse(ctx.mcpReq.inputResponses, 'client_roots')
    if (name !== undefined && greeting !== null && roots.kind === 'roots') {
      return text(`${greeting} ${JSON.stringify(name)} ${roots.roots.length}`)
    }
    const inputRequests = {
      user_name: elicit('What is your name?', textField('name')),
      greeting: ask('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    }
    return inputRequired({ inputRequests, requestState: await states.mint('three') })
  })
  server.registerTool('test_input_required_result_multi_round', about('Asks twice'), async (_args, ctx) => {
    const state = ctx.mcpReq.requestState<{ step: number; name?: unknown }>()
    const first = acceptedContent(ctx.mcpReq.inputResponses, 'step1')
    const second = acceptedContent(ctx.mcpReq.inputResponses, 'step2')
    if (state?.step === 2 && second !== undefined) return text(`${String(state.name)} likes ${String(second['color'])}`)
    if (state?.step === 1 && first !== undefined) {
      return inputRequired({
        inputRequests: { step2: elicit('Step 2: What is your favorite color?', textField('color')) },
        requestState: await states.mint({ step: 2, name: first['name'] }),
      })
    }
    return inputRequired({
      inputRequests: { step1: elicit('Step 1: What is your name?', textField('name')) },
      requestState: await states.mint({ step: 1 }),
    })
  })
}
