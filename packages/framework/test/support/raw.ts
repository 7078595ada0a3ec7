// What the tests of the addon have already: the backends of this build, fault injection, peers that are not ours.
import type { BackendName } from '@pollux/framework'
import { Peer } from '../../../native-poll/test/support/peer.js'
import { constants, RawReactor } from '../../../native-poll/test/support/raw_reactor.js'
import { BACKENDS, ok, portOf } from '../../../native-poll/test/support/server.js'

export { Child, endChildren } from '../../../native-poll/test/support/child.js'
export {
  callCounts,
  clearFaults,
  countCalls,
  forget,
  inject,
} from '../../../native-poll/test/support/faults.js'
export { temporaryFolder } from '../../../native-poll/test/support/folder.js'
export { openFds } from '../../../native-poll/test/support/leaks.js'
export { eventually, iteration, patiently } from '../../../native-poll/test/support/patience.js'
export {
  expectSameBytes,
  listeningPeer,
  noise,
  Peer,
  sha256,
} from '../../../native-poll/test/support/peer.js'
export { binding } from '../../../native-poll/test/support/raw_reactor.js'
export { BACKENDS }

/** The posix build knows nothing that Linux alone has: abstract names, TCP_NODELAY that connections inherit. */
export const KNOWS_LINUX = BACKENDS.includes('epoll')

/** A port whose queue is full, and nobody takes from it: whoever connects waits. */
export async function unanswered(
  backend: BackendName,
  host = '127.0.0.1',
  wantedPort = 0,
): Promise<{ host: string; port: number }> {
  const family = host.includes(':') ? constants.AF_INET6 : constants.AF_INET
  const reactor = new RawReactor(backend)
  const listener = ok(reactor.native.socket(family, constants.SOCK_STREAM, 0))
  ok(reactor.native.bindIp(listener, host, wantedPort, 0))
  ok(reactor.native.listen(listener, 0, true))
  reactor.submit('PAUSE', listener)
  reactor.native.submit()
  const port = portOf(reactor, listener)
  await Peer.connect({ host, port })
  return { host, port }
}
