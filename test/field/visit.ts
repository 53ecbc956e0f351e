// What every client of the field does once at the hub: it lists, calls a tool, reads a resource and gets a prompt. The same outcome for all.

export interface Visit {
  /** exposed names */
  readonly tools: readonly string[]
  /** text of `whoami`, parsed: who the server saw */
  readonly seen: { readonly client: { readonly name: string }; readonly arguments: unknown }
  /** text of the counter */
  readonly read: string
  /** text of the prompt */
  readonly prompt: string
  /** what a tool was answered that asks for a name; null: this client cannot be asked */
  readonly answer: { readonly action: string; readonly content: { readonly name: string } } | null
}

export interface Wishes {
  /** as the hub exposes it */
  readonly tool: string
  readonly prompt: string
  /** a tool that asks */
  readonly asking: string
  /** name of the resource in the list; its URI is the list's */
  readonly resource: string
}

// oxlint-disable-next-line typescript/no-explicit-any -- five clients, five families of types for the same messages
type Loose = any

/** The three generations of the TypeScript SDK have these methods in common. */
export interface SdkClient {
  listTools(): Promise<Loose>
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<Loose>
  listResources(): Promise<Loose>
  readResource(params: { uri: string }): Promise<Loose>
  listPrompts(): Promise<Loose>
  getPrompt(params: { name: string; arguments: Record<string, string> }): Promise<Loose>
}

export const CITY = { city: '서울' }

/** What the person at the other end says. */
export const PERSON = { action: 'accept' as const, content: { name: 'Ada' } }

export async function visit(client: SdkClient, wishes: Wishes, canBeAsked = false): Promise<Visit> {
  const { tools } = await client.listTools()
  const called = await client.callTool({ name: wishes.tool, arguments: CITY })
  const { resources } = await client.listResources()
  const { uri } = resources.find((one: Loose) => one.name === wishes.resource)
  const read = await client.readResource({ uri })
  const { prompts } = await client.listPrompts()
  if (!prompts.some((one: Loose) => one.name === wishes.prompt)) throw new Error(`${wishes.prompt} is not listed`)
  const got = await client.getPrompt({ name: wishes.prompt, arguments: { name: 'Ada' } })
  const asked = canBeAsked ? await client.callTool({ name: wishes.asking, arguments: {} }) : null
  return {
    answer: asked === null ? null : JSON.parse(asked.content[0].text),
    tools: tools.map((one: Loose) => one.name),
    seen: JSON.parse(called.content[0].text),
    read: read.contents[0].text,
    prompt: got.messages[0].content.text,
  }
}
