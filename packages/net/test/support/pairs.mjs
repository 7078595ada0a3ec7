// Connections of which one end is looked at: a socket of the module under test, to a server of Node.
import { once } from 'node:events'
import * as nodeNet from 'node:net'
import { callIt, moduleUnderTest, settled, show, tell } from './trace.mjs'

/** @typedef {{ socket: any, peer: any, log: (...parts: unknown[]) => void, end: Promise<unknown> }} Pair */

export const net = await moduleUnderTest()
export const host = '127.0.0.1'

/** @type {Set<nodeNet.Socket>} */
const peers = new Set()
const server = nodeNet.createServer({ allowHalfOpen: true }, (peer) => {
  peers.add(peer)
  peer.on('error', () => {}).on('close', () => peers.delete(peer))
})
await once(server.listen(0, host), 'listening')
export const { port } = /** @type {nodeNet.AddressInfo} */ (server.address())
callIt(port, 'PORT')

/** Nobody connects any more; call it last. */
export function noMore() {
  for (const peer of peers) peer.destroy()
  server.close()
}

const EVENTS = [
  ...['lookup', 'connect', 'ready', 'data', 'end', 'finish', 'drain', 'timeout', 'error', 'close'],
  ...['pause', 'resume', 'pipe', 'unpipe', 'prefinish'],
]

/** Notes each event of a socket; how bytes are cut into chunks is not noted. @param {any} socket @param {string[]} events */
function noted(socket, events = EVENTS) {
  /** @type {string[]} */
  const lines = []
  /** @type {Buffer | string | undefined} */
  let data
  /** @param {...unknown} parts */
  const log = (...parts) => {
    data = undefined
    lines.push(parts.map((part) => (typeof part === 'string' ? part : show(part))).join(' '))
  }
  for (const event of events) {
    // A listener for 'data' would have the socket flow.
    if (event !== 'data') socket.on(event, (/** @type {any[]} */ ...args) => log(event, ...args.map(shortly)))
  }
  if (events.includes('data')) {
    noteData(socket, (chunk) => {
      const isMore = data !== undefined
      data = !isMore
        ? chunk
        : typeof chunk === 'string'
          ? data + chunk
          : Buffer.concat([/** @type {any} */ (data), /** @type {any} */ (chunk)])
      if (isMore) lines.pop()
      lines.push(`data ${typeof data} ${data}`)
    })
  }
  return { lines, log }
}

/** Sees the chunks of 'data' without being a listener. @param {any} socket @param {(chunk: Buffer | string) => void} see */
function noteData(socket, see) {
  const emit = socket.emit
  socket.emit = function (/** @type {string} */ event, /** @type {any[]} */ ...args) {
    if (event === 'data') see(args[0])
    return emit.call(this, event, ...args)
  }
}

/** @param {any} value */
const shortly = (value) =>
  value?.constructor?.name === 'Socket' || typeof value?.pipe === 'function' ? 'a stream' : value

/** @param {any} socket */
export const stateOf = (socket) => [
  ...[
    socket.readyState,
    socket.pending,
    socket.connecting,
    socket.destroyed,
    socket.closed,
    socket.errored?.message,
  ],
  ...[
    socket.readable,
    socket.readableEnded,
    socket.readableFlowing,
    socket.readableAborted,
    socket.readableLength,
  ],
  ...[
    socket.writable,
    socket.writableEnded,
    socket.writableFinished,
    socket.writableLength,
    socket.writableCorked,
  ],
  ...[socket.bytesRead, socket.bytesWritten, socket.bufferSize, socket.timeout, socket.isPaused()],
]

/** @param {any} socket */
export const addressesOf = (socket) => [
  ...[socket.remoteAddress, socket.remotePort, socket.remoteFamily, socket.localAddress, socket.localFamily],
  ...[typeof socket.localPort, Object.keys(socket.address())],
]

/** What a call gives or throws. @param {() => any} call */
export function outcome(call) {
  try {
    const value = call()
    return value instanceof net.Socket ? 'the socket' : show(value)
  } catch (error) {
    return `throws ${show(error)}`
  }
}

/** @param {string} name @param {() => unknown} call */
export const attempt = (name, call) => tell(name, outcome(call))

/** @param {string} name @param {Promise<unknown>} promise */
async function before(name, promise) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, 20_000, 'late')
  })
  if ((await Promise.race([promise, late])) === 'late') tell(name, 'HANGS')
  clearTimeout(timer)
}

/**
 * Connects, acts, waits for the close, and tells everything that the socket said.
 * @param {string} name
 * @param {(pair: Pair) => unknown} act
 * @param {{ options?: any, showsPeer?: boolean, isEarly?: boolean }} [how] isEarly: acts before there is a connection.
 */
export async function scenario(name, act, { options = {}, showsPeer = false, isEarly = false } = {}) {
  const accepted = once(server, 'connection')
  const socket = new net.Socket(options)
  const { lines, log } = noted(socket)
  const end = new Promise((resolve) => socket.once('close', resolve))
  /** @type {any} */
  let peer
  /** @type {string[]} */
  let ofPeer = []
  let peerEnd
  const connect = async () => {
    socket.connect({ port, host, ...options })
    ;[peer] = await accepted
    ofPeer = noted(peer, ['data', 'end', 'error', 'close']).lines
    peerEnd = new Promise((resolve) => peer.once('close', resolve))
    if (socket.connecting) await once(socket, 'connect')
  }
  if (!isEarly) await connect()
  await before(`${name} acts`, Promise.resolve(act({ socket, peer, log, end })))
  await before(`${name} closes`, end)
  if (showsPeer) await before(`${name}: the peer closes`, /** @type {any} */ (peerEnd))
  await settled()
  for (const line of lines) tell(name, line)
  tell(name, 'at last', stateOf(socket))
  for (const line of ofPeer) if (showsPeer) tell(name, 'the peer', line)
  peer?.destroy()
}
