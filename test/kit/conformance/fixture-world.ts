// What all instances of the conformance fixture in one process share: the lists that change, who must hear of it, the key of request states.
import { randomBytes } from 'node:crypto'
import { createRequestStateCodec, type McpServer, type RequestStateCodec } from '@modelcontextprotocol/server'

/** A part of a list that comes and goes. */
interface Extra {
  enabled: boolean
  enable(): void
  disable(): void
}

interface Instance {
  readonly tool: Extra
  readonly prompt: Extra
}

/** Streams of the modern era, which belong to no instance. */
export interface ChangeNotifier {
  toolsChanged(): void
  promptsChanged(): void
}

export class FixtureWorld {
  readonly states: RequestStateCodec = createRequestStateCodec({ key: randomBytes(32) })
  notifier: ChangeNotifier | null = null
  readonly #instances = new Map<McpServer, Instance>()
  #hasTool = false
  #hasPrompt = false

  /** Sessions and processes hear of changes themselves; instances of one request only take the lists as they are. */
  adopt(server: McpServer, instance: Instance, isLasting: boolean): void {
    instance.tool.enabled = this.#hasTool
    instance.prompt.enabled = this.#hasPrompt
    if (isLasting) this.#instances.set(server, instance)
  }

  forget(server: McpServer): void {
    this.#instances.delete(server)
  }

  changeTools(): void {
    this.#hasTool = !this.#hasTool
    for (const { tool } of this.#instances.values()) turn(tool, this.#hasTool)
    this.notifier?.toolsChanged()
  }

  changePrompts(): void {
    this.#hasPrompt = !this.#hasPrompt
    for (const { prompt } of this.#instances.values()) turn(prompt, this.#hasPrompt)
    this.notifier?.promptsChanged()
  }
}

function turn(extra: Extra, isOn: boolean): void {
  if (isOn) extra.enable()
  else extra.disable()
}
