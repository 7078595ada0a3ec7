// The two modules that each program runs over, with the same assertions.
import * as node from 'node:net'
import * as pollux from '@pollux/net'

type Net = typeof node

/** Node's own comes first: an assertion that does not hold there either is wrong itself. */
export const MODULES: { over: string; net: Net }[] = [
  { over: 'node:net', net: node },
  { over: '@pollux/net', net: pollux as unknown as Net },
]

/** Which of the two made the socket. `instanceof` does not tell: ours takes those of Node for its own. */
export function madeBy(socket: unknown): string | undefined {
  return MODULES.find(({ net }) =>
    Object.prototype.isPrototypeOf.call(net.Socket.prototype, socket as object),
  )?.over
}

/** The sockets that a driver was handed, in order: a test can tell that it used them, and which module made them. */
export class Sockets {
  readonly made: node.Socket[] = []

  constructor(private readonly net: Net) {}

  /** As `net.connect`. */
  readonly connect = (options: node.NetConnectOpts): node.Socket => this.remember(this.net.connect(options))

  /** As `new net.Socket()`, which the driver connects itself. */
  readonly unconnected = (): node.Socket => this.remember(new this.net.Socket())

  private remember(socket: node.Socket): node.Socket {
    this.made.push(socket)
    return socket
  }
}
