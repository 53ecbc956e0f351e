// The pg driver with the two guarantees its pool lacks: a connection whose query timed out or whose server changed role is never used
// again, and no error of an idle connection is unhandled.
import pg from 'pg'

/** After these the connection is worthless though it looks healthy: read-only after a failover, server shutting down, query given up. */
const POISON = /^(25006|57P0[1-4])$/

interface Destroyable {
  readonly connection: { readonly stream: { destroy(error?: Error): void } }
}

function isPoison(error: unknown): boolean {
  const fault = error as { code?: string; message?: string } | null
  return fault?.message === 'Query read timeout' || POISON.test(fault?.code ?? '')
}

type Callback = (error: Error | null, result: unknown) => void

class GuardedClient extends pg.Client {
  constructor(config?: pg.ClientConfig | string) {
    super(config)
    this.on('error', () => undefined)
  }

  // The driver's overloads cannot be restated; every form ends in a promise or a callback, and both are watched.
  override query(...parameters: unknown[]): never {
    const last = parameters.at(-1)
    if (typeof last === 'function') parameters[parameters.length - 1] = this.#watched(last as Callback)
    const result = (super.query as (...args: unknown[]) => unknown).apply(this, parameters)
    if (result instanceof Promise) result.catch((error: unknown) => this.giveUpAfter(error))
    return result as never
  }

  #watched(callback: Callback): Callback {
    return (error, result) => {
      this.giveUpAfter(error)
      callback(error, result)
    }
  }

  /** Ends at once, also when the server no longer answers. */
  destroy(): void {
    ;(this as unknown as Destroyable).connection.stream.destroy()
  }

  /** Ends the connection where the error says that it is worthless. */
  giveUpAfter(error: unknown): void {
    if (isPoison(error)) this.destroy()
  }
}

class GuardedPool extends pg.Pool {
  constructor(config?: pg.PoolConfig) {
    super({ ...config, Client: GuardedClient } as pg.PoolConfig)
  }
}

/** What TypeORM takes for `pg`. */
export const guardedDriver = { ...pg, Pool: GuardedPool, Client: GuardedClient }
export { GuardedClient }
