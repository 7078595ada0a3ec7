// The other end of TLS: node:tls, so that our own code is not its own witness.
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { Peer, patiently } from './raw.js'

/** A peer whose handshake is done; rejects where it fails. */
export async function connectTls(
  port: number,
  options: ConnectionOptions,
): Promise<Peer & { tls: TLSSocket }> {
  // allowHalfOpen is an option of the socket underneath, which tls.connect makes with these options.
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ...options,
    allowHalfOpen: true,
  } as never)
  const peer = new Peer(socket)
  await patiently(
    new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed during the handshake')))
    }),
    'the handshake',
  )
  return Object.assign(peer, { tls: socket })
}

/** What a handshake that must not succeed ended with. */
export async function failureOf(handshake: Promise<Peer>): Promise<string> {
  try {
    const peer = await handshake
    // With TLS 1.3 the client is done before the server has looked at its certificate.
    await peer.awaitClosedOrEnded()
    peer.socket.destroy()
    await peer.awaitClosed()
    return peer.errorCode === '' ? 'ended' : peer.errorCode
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message
  }
}
