/** The calls that move bytes, by their POSIX names: each once at once, and as a promise that waits. */
import type { Endpoint } from '../address.js'
import { OptionSocket } from '../options/option-socket.js'
import type { WaitOptions } from '../wait-options.js'
import { isDontWait, receivingAll, sendingAll } from './flags.js'
import { coreOf } from './open-socket.js'
import { perform } from './perform.js'
import {
  Receive,
  type ReceivedFrom,
  ReceiveFrom,
  ReceiveVectors,
  Send,
  SendTo,
  SendVectors,
} from './transfer.js'
import type { WouldBlock } from './would-block.js'

/** A socket that sends and receives. Users see it as a part of `Socket`. */
export abstract class TransferSocket extends OptionSocket {
  /**
   * recv(2), once: how many bytes came; 0 at the end of a stream, and for an empty datagram.
   *
   * @param flags MSG_PEEK, MSG_OOB, MSG_TRUNC, …
   * @throws SocketError ECONNRESET, ECONNREFUSED, ENOTCONN, EINVAL, ETIMEDOUT, …; TypeError
   */
  tryRecv(buffer: ArrayBufferView, flags = 0): number | WouldBlock {
    return new Receive(coreOf(this), 'recv', buffer, flags).attempt()
  }

  /**
   * recv(2): resolves as soon as anything came. With MSG_WAITALL, on a stream, when the buffer is full or the stream
   * ends; with MSG_DONTWAIT it is rejected with EAGAIN where it would wait.
   */
  async recv(buffer: ArrayBufferView, flags = 0, options?: WaitOptions): Promise<number> {
    const operation = receivingAll(coreOf(this), new Receive(coreOf(this), 'recv', buffer, flags), flags)
    return perform(coreOf(this), operation, options, isDontWait(flags))
  }

  /**
   * send(2), once: how many bytes the kernel took, on a stream perhaps not all. MSG_NOSIGNAL is always added.
   *
   * @param flags MSG_OOB, MSG_DONTROUTE, MSG_EOR, …
   * @throws SocketError EPIPE, ECONNRESET, ENOTCONN, EDESTADDRREQ, EMSGSIZE, ENOBUFS, …; TypeError
   */
  trySend(data: ArrayBufferView, flags = 0): number | WouldBlock {
    return new Send(coreOf(this), 'send', data, flags).attempt()
  }

  /**
   * send(2): on a stream it goes on until everything is sent. Where it fails after a part, `bytesTransferred` of the
   * error says how much. `data` must not change until then.
   */
  async send(data: ArrayBufferView, flags = 0, options?: WaitOptions): Promise<number> {
    const operation = sendingAll(coreOf(this), new Send(coreOf(this), 'send', data, flags), flags)
    return perform(coreOf(this), operation, options, isDontWait(flags))
  }

  /** recvfrom(2), once. @throws as `tryRecv` */
  tryRecvfrom(buffer: ArrayBufferView, flags = 0): ReceivedFrom | WouldBlock {
    return new ReceiveFrom(coreOf(this), buffer, flags).attempt()
  }

  /** recvfrom(2): as `recv`, and the sender. */
  async recvfrom(buffer: ArrayBufferView, flags = 0, options?: WaitOptions): Promise<ReceivedFrom> {
    const operation = receivingAll(coreOf(this), new ReceiveFrom(coreOf(this), buffer, flags), flags)
    return perform(coreOf(this), operation, options, isDontWait(flags))
  }

  /**
   * sendto(2), once.
   *
   * @throws as `trySend`, and SocketError EISCONN, EAFNOSUPPORT, EACCES (broadcast), ENETUNREACH, ENOENT, ECONNREFUSED
   */
  trySendto(data: ArrayBufferView, flags: number, address: Endpoint): number | WouldBlock {
    return new SendTo(coreOf(this), data, flags, address).attempt()
  }

  /** sendto(2): as `send`, to an address. */
  async sendto(
    data: ArrayBufferView,
    flags: number,
    address: Endpoint,
    options?: WaitOptions,
  ): Promise<number> {
    const operation = sendingAll(coreOf(this), new SendTo(coreOf(this), data, flags, address), flags)
    return perform(coreOf(this), operation, options, isDontWait(flags))
  }

  /** read(2), once: `tryRecv` without flags. */
  tryRead(buffer: ArrayBufferView): number | WouldBlock {
    return new Receive(coreOf(this), 'read', buffer, 0).attempt()
  }

  /** read(2): `recv` without flags. */
  async read(buffer: ArrayBufferView, options?: WaitOptions): Promise<number> {
    return perform(coreOf(this), new Receive(coreOf(this), 'read', buffer, 0), options)
  }

  /** write(2), once: `trySend` without flags. A broken connection is EPIPE, never SIGPIPE. */
  tryWrite(data: ArrayBufferView): number | WouldBlock {
    return new Send(coreOf(this), 'write', data, 0).attempt()
  }

  /** write(2): `send` without flags. */
  async write(data: ArrayBufferView, options?: WaitOptions): Promise<number> {
    return perform(coreOf(this), sendingAll(coreOf(this), new Send(coreOf(this), 'write', data, 0)), options)
  }

  /**
   * readv(2), once: fills the buffers in turn. A stream uses at most IOV_MAX of them in one call.
   *
   * @throws as `tryRecv`, and SocketError EINVAL for more than IOV_MAX buffers where the socket is no stream
   */
  tryReadv(buffers: readonly ArrayBufferView[]): number | WouldBlock {
    return new ReceiveVectors(coreOf(this), buffers).attempt()
  }

  /** readv(2): resolves as soon as anything came. */
  async readv(buffers: readonly ArrayBufferView[], options?: WaitOptions): Promise<number> {
    return perform(coreOf(this), new ReceiveVectors(coreOf(this), buffers), options)
  }

  /** writev(2), once: sends the buffers in turn, as one datagram or a part of the stream. @throws as `trySend` */
  tryWritev(buffers: readonly ArrayBufferView[]): number | WouldBlock {
    return new SendVectors(coreOf(this), buffers).attempt()
  }

  /** writev(2): on a stream it goes on until everything is sent. */
  async writev(buffers: readonly ArrayBufferView[], options?: WaitOptions): Promise<number> {
    return perform(coreOf(this), sendingAll(coreOf(this), new SendVectors(coreOf(this), buffers)), options)
  }
}
