// Handlers that fail, and what became of them.
import type { Connection, ServerInit } from '@pollux/framework'

export const HANDLERS = ['open', 'data', 'drain', 'end', 'timeout'] as const
export type HandlerName = (typeof HANDLERS)[number] | 'error' | 'close'

/** Handlers that write their names down, and then do what `act` says. */
export function noted(log: string[], act: (name: HandlerName, conn: Connection) => unknown) {
  const note = (name: HandlerName) => (conn: Connection) => {
    log.push(name)
    return act(name, conn)
  }
  return {
    open: note('open'),
    data: note('data'),
    drain: note('drain'),
    end: note('end'),
    timeout: note('timeout'),
    error: note('error'),
    close: note('close'),
  } satisfies Partial<ServerInit<unknown>>
}

/** What the process is told while `run` runs, kept from everybody else. */
async function toldDuring<T>(
  event: 'uncaughtException' | 'warning',
  run: () => Promise<unknown>,
): Promise<T[]> {
  const told: T[] = []
  const others = process.listeners(event as 'uncaughtException')
  process.removeAllListeners(event)
  process.on(event, (what) => told.push(what as T))
  try {
    await run()
    // They come after the batch that they belong to.
    for (let i = 0; i < 3; ++i) await new Promise<void>((resolve) => setImmediate(resolve))
  } finally {
    process.removeAllListeners(event)
    for (const listener of others) process.on(event as 'uncaughtException', listener)
  }
  return told
}

/** The errors that nobody caught. */
export const uncaughtDuring = (run: () => Promise<unknown>) => toldDuring<unknown>('uncaughtException', run)

/** The warnings of the process, by their codes. */
export async function warningsDuring(run: () => Promise<unknown>): Promise<unknown[]> {
  return (await toldDuring<Error & { code?: string }>('warning', run)).map(({ code }) => code)
}
