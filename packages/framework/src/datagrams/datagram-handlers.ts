/** What a user hands to `createDatagramServer`: handlers and options, in one object. */
import type { EventLoop, SocketAddress, SocketError } from '@pollux/core'
import type { Output } from '../codecs/output.js'
import type { DatagramServer } from './datagram-server.js'
import type { DatagramSocket } from './datagram-socket.js'

/**
 * Turns datagrams into messages and back: each is one.
 *
 * @example
 * ```ts
 * import { createDatagramServer, malformedFrame } from '@pollux/framework'
 *
 * const server = createDatagramServer({
 *   codec: {
 *     decode(data) {
 *       if (data.length !== 8) throw malformedFrame(`8 bytes were expected, not ${data.length}`)
 *       return data.readDoubleBE(0)
 *     },
 *     encode(celsius, output) {
 *       output.reserve(8)
 *       output.at = output.buffer.writeDoubleBE(celsius, output.at)
 *     },
 *   },
 *   message: (socket, celsius) => socket.reply(celsius * 1.8 + 32),
 * })
 * ```
 */
export interface DatagramCodec<In, Out = In> {
  /**
   * The message that a datagram is, or undefined for one that is to be ignored.
   *
   * @param data valid until this returns: what is kept of it must be a copy (`Buffer.from(data)`, `data.toString()`)
   * @throws CodecError for a datagram that is no message: it is counted, and `error` is told
   */
  decode(data: Buffer): In | undefined
  /**
   * Appends the bytes of a message; at most 65,507 of them fit into a datagram of UDP over IPv4.
   *
   * @throws TypeError, RangeError or CodecError for what can't be sent; nothing of it is sent then
   */
  encode(message: Out, output: Output): void
}

/** Handlers, shared by all sockets of a server; `this` is the object that they were given in. */
export interface DatagramServerHandlers<State = unknown, In = Buffer, Out = Uint8Array> {
  /**
   * A datagram arrived. `socket.reply` answers it, as long as this has not returned; `socket.copySender()` keeps where it
   * came from for later.
   *
   * An async handler is not waited for, for datagrams have no order: the next one is delivered meanwhile, up to `maxPending`.
   */
  message(socket: DatagramSocket<State, In, Out>, message: In): unknown
  /**
   * Something failed, and the socket goes on: a {@link CodecError} (`socket.sender` says whose), a `DatagramError` of the
   * network or of `maxQueuedBytes`, or what a handler threw. Without this handler they are counted, and what a handler threw
   * is a process warning, the first of each server.
   */
  error?(socket: DatagramSocket<State, In, Out>, error: unknown): unknown
  /** What waits to be sent fell to the mark of `socket.watchDrain`. */
  drain?(socket: DatagramSocket<State, In, Out>): unknown
  /** The socket is closed. The last call for it. */
  close?(socket: DatagramSocket<State, In, Out>): unknown
  /** The server receives on one more address. What this throws is an uncaughtException. */
  listening?(server: DatagramServer<State, In, Out>, address: SocketAddress): unknown
  /** A socket failed for good and was closed. Without this handler: an uncaughtException. */
  failed?(server: DatagramServer<State, In, Out>, error: SocketError): unknown
}

/** Options of a datagram server. */
export interface DatagramServerOptions<State = unknown, In = Buffer, Out = Uint8Array> {
  /** Default: none, and messages are the bytes of their datagrams. */
  codec?: DatagramCodec<In, Out>
  /** Makes `socket.state`, before anything is received. */
  state?(socket: DatagramSocket<unknown, In, Out>): State
  /**
   * Without a codec: messages are valid until their handler returns, and nothing is copied. Default false: they are yours
   * to keep.
   */
  borrow?: boolean
  /**
   * How many promises of handlers may be unsettled before the server stops receiving, until one settles: then the kernel's
   * buffer fills, and it drops what comes beyond. Up to a batch of datagrams more may be under way by then. Default 1024.
   */
  maxPending?: number
  /** As of `DatagramChannel`: the most bytes received of one datagram. Default 65,535, which cuts nothing. */
  maxDatagramBytes?: number
  /** As of `DatagramChannel`: the most bytes that wait for the kernel; what comes beyond is dropped. Default 1 MiB. */
  maxQueuedBytes?: number
  /** UDP_GRO (udp(7)), where the system has it. Default false. */
  gro?: boolean
  /** UDP_SEGMENT (udp(7)), where the system has it. Default true. */
  gso?: boolean
  /** SO_RCVBUF and SO_SNDBUF. Default: the system's. */
  receiveBufferBytes?: number
  sendBufferBytes?: number
  /** What metrics and logs call it. Default 'default'. */
  name?: string
  /** Where it runs. Default: `EventLoop.default()`. */
  loop?: EventLoop
}

/** What `createDatagramServer` takes. */
export interface DatagramServerInit<State = unknown, In = Buffer, Out = Uint8Array>
  extends DatagramServerHandlers<State, In, Out>,
    DatagramServerOptions<State, In, Out> {}
