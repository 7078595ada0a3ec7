/** What a user hands to `createServer` and `connect`: handlers and options, in one object. */
import type { EventLoop, SocketAddress, SocketError } from '@pollux/core'
import type { CodecSource } from '../codecs/codec.js'
import type { OverloadLevel, Plugin } from '../plugins/plugin.js'
import type { Server } from '../server/server.js'
import type { TlsOptions } from '../tls/tls-options.js'
import type { FanOutOptions } from '../topics/fan-out.js'
import type { Connection } from './connection.js'

/**
 * Handlers, shared by all connections of a server; `this` is the object that they were given in, which is read once.
 *
 * A handler that throws, or whose promise is rejected, costs its own connection: `error` is called, then the connection is
 * destroyed. While the promise of `open`, `data` or `message` is not settled, nothing more is read or delivered: a slow
 * database becomes backpressure, and not memory. The peer's end waits, too.
 */
export interface ConnectionHandlers<State = unknown, In = Buffer, Out = string | Uint8Array> {
  /** The connection is open. The first handler that is called. */
  open?(connection: Connection<State, In, Out>): unknown
  /**
   * A message of the `codec` arrived. Without this handler messages wait for an iterator or a stream, and so does the peer's end
   * if it has sent any.
   */
  message?(connection: Connection<State, In, Out>, message: In): unknown
  /**
   * Without a codec: bytes arrived, one receive's worth, with no regard to the borders of messages. The chunk is yours to
   * keep, unless `borrow` is set. A chunk that was passed to `write` must stay unchanged until the handler has returned.
   */
  data?(connection: Connection<State, In, Out>, chunk: Buffer): unknown
  /** Queued output fell to `lowWaterMark`, once for each time that `write` began to return false. */
  drain?(connection: Connection<State, In, Out>): unknown
  /** The peer will send no more. Unless `allowHalfOpen` is set, the connection ends by itself afterwards. */
  end?(connection: Connection<State, In, Out>): unknown
  /**
   * No byte moved either way for the idle timeout; called again after each further timeout of silence. Without this
   * handler the connection is destroyed with ERR_POLLUX_IDLE_TIMEOUT.
   */
  timeout?(connection: Connection<State, In, Out>): unknown
  /**
   * The connection failed: a {@link SocketError}, or whatever a handler threw. Called once at most, and then the
   * connection is destroyed; what is written here is sent as far as the kernel takes it at once. Without this
   * handler, failures of the network are left to `close`, and what handlers throw is a process warning (the first of
   * each server).
   */
  error?(connection: Connection<State, In, Out>, error: unknown): unknown
  /**
   * The connection is closed: the last handler that is called, exactly once for each connection that was
   * opened, also where `state` or `open` threw. `error` says why, if it failed; `connection.closeReason` says it in a
   * word. What this handler or `error` throws is an uncaughtException.
   */
  close?(connection: Connection<State, In, Out>, error: unknown): unknown
}

/** Options of a server's connections, or of one connection. */
export interface ConnectionOptions<State = unknown, In = Buffer, Out = string | Uint8Array> {
  /** Turns bytes into messages and back. Without it, `data` gets the bytes as they come, and `send` takes bytes. */
  codec?: CodecSource<In, Out>
  /** What gets into the connections without being part of them. Default: none. */
  plugins?: readonly Plugin[]
  /** Connections are TLS: `open` is called once the handshake is done. Default: they are not. */
  tls?: TlsOptions
  /**
   * Chunks, and messages that are bytes, are valid until their handler returns, and nothing is copied. With the environment
   * variable POLLUX_DEBUG=1, later use of one throws ERR_POLLUX_BORROWED_CHUNK, unless it came in several receives. Default false: they are yours to keep.
   */
  borrow?: boolean
  /** `write` returns false from so many queued bytes on. Default 256 KiB. */
  highWaterMark?: number
  /** `drain` is called when queued output falls to so many bytes. Default: a quarter of `highWaterMark`. */
  lowWaterMark?: number
  /** The most bytes that may be queued on one connection; see `overflow`. Default 64 MiB. */
  maxQueuedBytes?: number
  /**
   * What becomes of a write past `maxQueuedBytes`; it is not taken in any case.
   * 'close' (the default): the connection is reset, so that its peer can not take a part for the whole, and fails with
   * ERR_POLLUX_QUEUE_FULL. 'drop': it is left out and counted (`droppedMessages`), and `write` returns false. 'error': `write`
   * throws ERR_POLLUX_QUEUE_FULL.
   */
  overflow?: 'close' | 'drop' | 'error'
  /**
   * Whether reading pauses by itself while the connection's own output is above its high watermark. Default: true with
   * a codec, false without.
   */
  pauseOnBackpressure?: boolean
  /** See `timeout`. 0: none (the default). Precise to 16 ms or 3 %, whichever is more, and never early. */
  idleTimeoutMs?: number
  /**
   * The first complete message (without a codec: the first byte) must have come so long after the connection opened. 0:
   * no such limit (the default).
   */
  firstMessageTimeoutMs?: number
  /**
   * A message that has begun must be complete so long after its first byte, however busily its bytes trickle in. Time in
   * which we did not read does not count. Needs a codec. 0: no such limit (the default).
   */
  messageTimeoutMs?: number
  /**
   * While output is queued, the peer must take some of it in so long a time; if not, the connection is reset. Noticed
   * up to half as much later. 0: no such limit (the default).
   */
  writeTimeoutMs?: number
  /**
   * How long what comes before the first message may take where a plugin has `open` wait for it: a TLS handshake, the
   * header of a proxy. 0: for ever. Default 10 000.
   */
  handshakeTimeoutMs?: number
  /** Whether we may go on sending after the peer has ended; then `end` is yours to call. Default false. */
  allowHalfOpen?: boolean
  /** TCP_NODELAY: small writes leave at once. Default true. */
  noDelay?: boolean
  /** Makes `connection.state`, before `open` is called. */
  state?(connection: Connection<unknown, In, Out>): State
  /**
   * Whether handlers run in an asynchronous context of their connection, so that an AsyncLocalStorage finds its store in
   * them: that of `createServer` or `connect`, and from `open` on what `open` entered. Costs something for each call of
   * a handler. Default false: no store is found.
   */
  asyncContext?: boolean
  /** Where it runs. Default: `EventLoop.default()`. */
  loop?: EventLoop
}

/** What `connect` takes. */
export interface ConnectionInit<State = unknown, In = Buffer, Out = string | Uint8Array>
  extends ConnectionOptions<State, In, Out>,
    ConnectionHandlers<State, In, Out> {}

/** What `upgrade` takes beside the codec. What is not given stays as it was. */
export interface UpgradeInit<State = unknown, In = Buffer, Out = string | Uint8Array>
  extends ConnectionHandlers<State, In, Out> {
  /** As in {@link ConnectionOptions}. */
  borrow?: boolean
}

/** Handlers of the server itself. What they throw is an uncaughtException. */
export interface ServerHandlers<State = unknown, In = Buffer, Out = string | Uint8Array> {
  /** The server listens on one more address. */
  listening?(server: Server<State, In, Out>, address: SocketAddress): unknown
  /**
   * There is nothing left to accept with: no fds (EMFILE, ENFILE), no memory, no room in the poller (ENOSPC of epoll's
   * watches, ERANGE of select's fds). The server tries again by itself after `retryMs`. Without this handler: a process warning, once for each server.
   */
  acceptPaused?(server: Server<State, In, Out>, error: SocketError, retryMs: number): unknown
  /** The server accepts again. */
  acceptResumed?(server: Server<State, In, Out>): unknown
  /** `close` was called: nothing is accepted any more. The place to end connections that are between two requests. */
  closing?(server: Server<State, In, Out>): unknown
  /** The level of overload has changed; see the plugin `overload`. */
  overload?(server: Server<State, In, Out>, level: OverloadLevel): unknown
  /** A listening socket failed for good and was closed. Without this handler: an uncaughtException. */
  failed?(server: Server<State, In, Out>, error: SocketError): unknown
}

/** What `createServer` takes. */
export interface ServerInit<State = unknown, In = Buffer, Out = string | Uint8Array>
  extends ConnectionInit<State, In, Out>,
    ServerHandlers<State, In, Out> {
  /** What metrics and logs call it. Default 'default'. */
  name?: string
  /** What becomes of connections that do not keep up with `broadcast` and `publish`. */
  fanOut?: FanOutOptions
}
