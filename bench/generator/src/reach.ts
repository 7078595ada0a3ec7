/** Which of a name's addresses the server is at. */
import { type EventLoop, type SocketAddress, SocketError } from '@pollux/core'
import { connect, type Dial, DialedChannel } from './dial.js'

/**
 * The first address that a connection can be made to, in the resolver's order: that one is measured. A single address is
 * not tried.
 *
 * @throws SocketError of the last one, where none can be reached
 */
export async function reachable(
  loop: EventLoop,
  addresses: readonly SocketAddress[],
  timeoutMs: number,
): Promise<SocketAddress> {
  return firstThat(addresses, async (endpoint) => {
    if (addresses.length > 1) await probe(loop, { endpoint, timeoutMs, sourceAddresses: false })
    return endpoint
  })
}

/**
 * What `use` makes of the first address that it can use.
 *
 * @throws SocketError of the last one
 */
export async function firstThat<T>(
  addresses: readonly SocketAddress[],
  use: (address: SocketAddress) => Promise<T>,
): Promise<T> {
  for (const address of addresses.slice(0, -1)) {
    try {
      return await use(address)
    } catch (error) {
      if (!(error instanceof SocketError)) throw error
    }
  }
  return use(addresses.at(-1) as SocketAddress)
}

/** Connects and closes. */
async function probe(loop: EventLoop, dial: Dial): Promise<void> {
  const probe = await connect(loop, dial, 0, (...place) => new Probe(...place))
  probe.destroy()
}

class Probe extends DialedChannel {
  override fail(error: unknown): void {
    throw error
  }
}
