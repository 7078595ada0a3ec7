/** The asynchronous contexts of connections, in which `AsyncLocalStorage` looks for its store. */
import { AsyncResource } from 'node:async_hooks'

/** A handler of whatever kind: the connection comes first. */
type Handler = (this: unknown, connection: object, ...rest: unknown[]) => unknown

/**
 * The event loop calls all handlers from one place, which has no context. So each connection has one of its own, a copy of
 * what was current when the server was made (or `connect` was called) and of what its `open` has entered.
 */
export class Contexts {
  /** What was current when this was made. */
  private readonly beginning = new AsyncResource('PolluxServer')
  private readonly ofConnections = new WeakMap<object, AsyncResource>()

  /** The functions of `init` of these names, such that they run in the contexts of the connections that they are called for. */
  wrapped<Init extends object, Name extends keyof Init>(
    init: Init,
    names: readonly Name[],
  ): Partial<Pick<Init, Name>> {
    const wrapped: Partial<Record<Name, unknown>> = {}
    for (const name of names) {
      const handler: unknown = init[name]
      if (typeof handler !== 'function') continue
      // Where a connection begins, what is entered stays; later it ends with the handler.
      const isBeginning = name === 'state' || name === 'open'
      wrapped[name] = isBeginning ? this.beginningWith(handler as Handler) : this.within(handler as Handler)
    }
    return wrapped as Partial<Pick<Init, Name>>
  }

  private within(handler: Handler): Handler {
    const contexts = this
    return function (connection, ...rest) {
      return contexts.of(connection).runInAsyncScope(handler, this, connection, ...rest)
    }
  }

  private beginningWith(handler: Handler): Handler {
    const contexts = this
    return function (connection, ...rest) {
      return contexts.of(connection).runInAsyncScope(() => {
        try {
          return handler.call(this, connection, ...rest)
        } finally {
          contexts.ofConnections.set(connection, new AsyncResource('PolluxConnection'))
        }
      })
    }
  }

  private of(connection: object): AsyncResource {
    let context = this.ofConnections.get(connection)
    if (context === undefined) {
      // A resource of its own even now: what is entered in one that is shared, others would find.
      context = this.beginning.runInAsyncScope(() => new AsyncResource('PolluxConnection'))
      this.ofConnections.set(connection, context)
    }
    return context
  }
}
