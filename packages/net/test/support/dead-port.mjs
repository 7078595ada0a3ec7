// @ts-check
import { BoundSocket } from '@pollux/net'

/**
 * A port of this machine on which nobody listens: ours, bound and not listening, so that nobody else gets it, whom a program
 * that means to be refused would reach. Release it by `close()`.
 */
export function deadPort() {
  const bound = new BoundSocket({ host: '127.0.0.1' })
  return { port: bound.address().port, close: () => bound.close() }
}
