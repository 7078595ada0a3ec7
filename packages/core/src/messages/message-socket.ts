/** The calls that move messages, by their POSIX names: each once at once, and as a promise that waits. */

import { isDontWait, receivingAll, sendingAll } from '../sockets/flags.js'
import { coreOf } from '../sockets/open-socket.js'
import { perform } from '../sockets/perform.js'
import { TransferSocket } from '../sockets/transfer-socket.js'
import type { WouldBlock } from '../sockets/would-block.js'
import type { WaitOptions } from '../wait-options.js'
import { ReceiveBatch, SendBatch, withDatagramsSent } from './batch-calls.js'
import type { DatagramBatch } from './datagram-batch.js'
import {
  type IncomingMessage,
  type OutgoingMessage,
  type ReceivedMessage,
  ReceiveMessage,
  SendMessage,
} from './message.js'

/** A socket that sends and receives messages. Users see it as a part of `Socket`. */
export abstract class MessageSocket extends TransferSocket {
  /**
   * sendmsg(2), once: gathers the buffers, with an address and control messages. How many bytes the kernel took, on a
   * stream perhaps not all: the control messages went with the first of them. A stream takes at most IOV_MAX buffers
   * in one call; a datagram of more is EMSGSIZE. MSG_NOSIGNAL is always added.
   *
   * @example
   * ```ts
   * udp.trySendmsg({
   *   data: [header, payload],
   *   address: { host: '127.0.0.1', port: 4000 },
   *   control: [{ type: 'IP_TTL', ttl: 3 }],
   * })
   * ```
   *
   * @throws SocketError as `trySend` and `trySendto`; EINVAL (a control message that this socket does not take, or more
   *   than 253 descriptors), EBADF (a descriptor that is not open), EPERM (somebody else's credentials), ETOOMANYREFS,
   *   ENOBUFS (too much control data), ENOTSUP (this platform has no such control message); TypeError, RangeError
   */
  trySendmsg(message: OutgoingMessage, flags = 0): number | WouldBlock {
    return new SendMessage(coreOf(this), message, flags).attempt()
  }

  /**
   * sendmsg(2): on a stream it goes on until everything is sent. Where it fails after a part, `bytesTransferred` of the
   * error says how much. The buffers must not change until then, nor the descriptors be closed.
   */
  async sendmsg(message: OutgoingMessage, flags = 0, options?: WaitOptions): Promise<number> {
    const operation = sendingAll(coreOf(this), new SendMessage(coreOf(this), message, flags), flags)
    return perform(coreOf(this), operation, options, isDontWait(flags))
  }

  /**
   * recvmsg(2), once: scatters what comes over the buffers, and gives the control messages that came with it.
   * Descriptors among them are close-on-exec, and yours to close. MSG_PEEK gives new descriptors each time.
   *
   * @example
   * ```ts
   * const message = unix.tryRecvmsg({ buffers: Buffer.alloc(100), controlBytes: CMSG_SPACE(4) })
   * if (message !== WOULD_BLOCK) console.log(message.bytes, message.control)
   * ```
   *
   * @throws SocketError as `tryRecv`, EMSGSIZE (more than IOV_MAX buffers, and no stream), ENFILE (the event loop holds
   *   as many descriptors as it can); TypeError, RangeError. Nothing was received then.
   */
  tryRecvmsg(request: IncomingMessage, flags = 0): ReceivedMessage | WouldBlock {
    return new ReceiveMessage(coreOf(this), request, flags).attempt()
  }

  /**
   * recvmsg(2): resolves as soon as anything came. With MSG_WAITALL, on a stream, when the buffers are full, a control
   * message came, or the stream ended.
   */
  async recvmsg(request: IncomingMessage, flags = 0, options?: WaitOptions): Promise<ReceivedMessage> {
    const core = coreOf(this)
    const operation = receivingAll(core, new ReceiveMessage(core, request, flags), flags)
    return perform(core, operation, options, isDontWait(flags))
  }

  /**
   * sendmmsg(2): sends the datagrams of the batch that have not been sent yet, in order, until it would block. How many
   * that were; WOULD_BLOCK where it was none. `batch.sent` moves on by as many.
   *
   * @throws SocketError as `trySendmsg`, of the datagram that now stands at `batch.sent`: those before it are sent
   *   (`datagramsSent` of this call), that one and those behind it are not. The next call tries it again;
   *   `batch.skip()` passes it over.
   */
  trySendmmsg(batch: DatagramBatch, flags = 0): number | WouldBlock {
    return new SendBatch(coreOf(this), batch, flags).attempt()
  }

  /**
   * sendmmsg(2) until all of the batch is sent: how many datagrams that were. Rejects as `trySendmmsg` throws, and
   * `batch.sent` says where it was, whatever ended it. The batch must be left alone until then. With MSG_DONTWAIT it is
   * what the kernel takes at once.
   */
  async sendmmsg(batch: DatagramBatch, flags = 0, options?: WaitOptions): Promise<number> {
    const operation = new SendBatch(coreOf(this), batch, flags)
    operation.untilAll = !isDontWait(flags)
    try {
      return await perform(coreOf(this), operation, options, isDontWait(flags))
    } catch (error) {
      throw withDatagramsSent(error, operation.datagramsSent)
    }
  }

  /**
   * recvmmsg(2): receives as many datagrams as are there, at most `batch.capacity`. They replace what the batch held,
   * sent or not. How many there are; WOULD_BLOCK where there is none, and then the batch is as it was.
   *
   * Control messages are not kept, except UDP_GRO (`batch.segmentBytes`); descriptors that come along are closed.
   *
   * @throws SocketError as `tryRecv`. An error behind some datagrams comes with the next call.
   */
  tryRecvmmsg(batch: DatagramBatch, flags = 0): number | WouldBlock {
    return new ReceiveBatch(coreOf(this), batch, flags).attempt()
  }

  /** recvmmsg(2): resolves as soon as a datagram came, with as many as are there by then. */
  async recvmmsg(batch: DatagramBatch, flags = 0, options?: WaitOptions): Promise<number> {
    return perform(coreOf(this), new ReceiveBatch(coreOf(this), batch, flags), options, isDontWait(flags))
  }
}
