/** sendmsg and recvmsg: each as one call at once, and as a promise. */
import type { NativeReactor } from '@pollux/native-poll'
import { type Endpoint, publicAddress, type SocketAddress } from '../address.js'
import { MSG_CTRUNC, MSG_TRUNC, SOCK_STREAM } from '../constants.js'
import { invalidArgValue } from '../errors.js'
import { native } from '../native.js'
import { EAGAIN } from '../sockets/errnos.js'
import { checkFlags, directionOf } from '../sockets/flags.js'
import { type AddressArguments, addressArguments, endpointOf } from '../sockets/socket-address.js'
import type { SocketCore } from '../sockets/socket-core.js'
import { CountedTransfer, MAX_BYTES_PER_ATTEMPT } from '../sockets/transfer.js'
import { checkViews, type Views } from '../sockets/views.js'
import { Direction, type Operation } from '../sockets/waiting.js'
import { WOULD_BLOCK, type WouldBlock } from '../sockets/would-block.js'
import { systemError } from '../system-error.js'
import { checkArray, checkInteger, checkObject } from '../validate.js'
import { decodeControl, encodeControl } from './control-codec.js'
import type { ControlMessage, ReceivedControlMessage } from './control-messages.js'

/** Linux's SCM_MAX_FD (unix(7)). */
const MAX_FDS = 253

/** More control data than any kernel takes. */
const MAX_CONTROL_BYTES = 1 << 20

/** What `sendmsg` sends. */
export interface OutgoingMessage {
  /** The bytes, gathered from one buffer or several. Default: none, which is a datagram of no bytes. */
  data?: ArrayBufferView | readonly ArrayBufferView[]
  /** Where to, with a numeric host. Default: the connected peer. */
  address?: Endpoint
  /** Ancillary data. Default: none. */
  control?: readonly ControlMessage[]
}

/** Where `recvmsg` puts what it receives. */
export interface IncomingMessage {
  /** Filled one after the other. */
  buffers: ArrayBufferView | readonly ArrayBufferView[]
  /**
   * Bytes of room for control messages: a sum of `CMSG_SPACE`s. What does not fit is cut off (MSG_CTRUNC), descriptors
   * included. Default 0: none are received.
   */
  controlBytes?: number
}

/** What `recvmsg` gives. */
export interface ReceivedMessage {
  /** How many bytes came; with MSG_TRUNC how many the datagram had. 0 is the end of a stream, or an empty datagram. */
  bytes: number
  /** Who sent them; undefined for a stream, and for a Unix socket without a name. */
  address: SocketAddress | undefined
  control: ReceivedControlMessage[]
  /** msg_flags as the kernel gave them: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, … */
  flags: number
  /** MSG_TRUNC: the datagram was longer than the buffers, and the rest of it is gone. */
  truncated: boolean
  /** MSG_CTRUNC: there were more control messages, or descriptors, than had room, and they are gone. */
  controlTruncated: boolean
}

/** sendmsg(2). */
export class SendMessage extends CountedTransfer {
  private readonly data: Views
  private readonly to: Partial<AddressArguments>
  private readonly control: readonly ControlMessage[] | undefined

  constructor(
    core: SocketCore,
    message: OutgoingMessage,
    private readonly flags: number,
  ) {
    checkObject(message, 'message')
    const { data = [], address, control } = message
    const views = viewsOf(data, 'message.data')
    const to = address === undefined ? undefined : addressArguments(address)
    super(core, 'sendmsg', Direction.out, views.total, to && endpointOf(to))
    this.data = views
    this.to = to ?? []
    checkFlags(flags)
    if (control !== undefined) {
      // A copy: the caller's may change while this waits.
      const messages = checkArray(control, 'message.control', 'an array of control messages', checkObject)
      if (messages.length > 0) this.control = messages as ControlMessage[]
    }
    if (this.control && views.total === 0 && core.type === SOCK_STREAM) {
      const reason = 'must have a byte at least: a stream loses control messages that go with none (unix(7))'
      throw invalidArgValue('message.data', reason, data)
    }
  }

  protected step(reactor: NativeReactor): number {
    const { data, bytesTransferred, flags, to } = this
    // With the first byte and not again; looked up now, for a socket may have been closed since.
    const control = this.control && bytesTransferred === 0 ? encodeControl(this.control) : undefined
    const { handle } = this.core
    return reactor.sendmsgNow(handle, data.views, data.lengths, bytesTransferred, control, flags, ...to)
  }

  protected override failure(errno: number): Error {
    return systemError(errno, this.syscall, this.endpoint, adviceFor(errno, this.control))
  }
}

/** recvmsg(2). */
export class ReceiveMessage implements Operation<ReceivedMessage> {
  readonly syscall = 'recvmsg'
  readonly direction: Direction
  bytesTransferred = 0
  /** Whether it goes on until the buffers are full: MSG_WAITALL on a stream. */
  untilAll = false
  private readonly buffers: Views
  private readonly controlBytes: number

  constructor(
    private readonly core: SocketCore,
    request: IncomingMessage,
    private readonly flags: number,
  ) {
    checkObject(request, 'request')
    const { buffers, controlBytes = 0 } = request
    this.buffers = viewsOf(buffers, 'request.buffers')
    this.controlBytes = checkInteger(controlBytes, 'request.controlBytes', 0, MAX_CONTROL_BYTES)
    this.direction = directionOf(flags)
  }

  attempt(): ReceivedMessage | WouldBlock {
    const { loop, handle } = this.core
    const { views, lengths, total } = this.buffers
    const enough = this.bytesTransferred + MAX_BYTES_PER_ATTEMPT
    for (;;) {
      const received = loop.openHandle((reactor) =>
        reactor.recvmsgNow(handle, views, lengths, this.bytesTransferred, this.controlBytes, this.flags),
      )
      if (received === EAGAIN) return WOULD_BLOCK
      if (typeof received === 'number') throw systemError(received, 'recvmsg')
      const [count, flags, from, list] = received
      this.bytesTransferred += count
      // Control messages mark a place in the stream, which a blocking call does not go beyond either.
      const goesOn = this.untilAll && count > 0 && this.bytesTransferred < total && list.length === 0
      if (goesOn && (flags & MSG_CTRUNC) === 0) {
        if (this.bytesTransferred >= enough) return WOULD_BLOCK
        continue
      }
      return {
        bytes: this.bytesTransferred,
        address: typeof from === 'object' ? publicAddress(from) : undefined,
        control: decodeControl(loop, list),
        flags,
        truncated: (flags & MSG_TRUNC) !== 0,
        controlTruncated: (flags & MSG_CTRUNC) !== 0,
      }
    }
  }
}

/** CMSG_SPACE(3): the bytes that a control message with so much data takes in `controlBytes`, padding included. */
export function CMSG_SPACE(bytes: number): number {
  return native.controlSpace(checkInteger(bytes, 'bytes', 0, MAX_CONTROL_BYTES))
}

/** CMSG_LEN(3): the same without padding at its end. */
export function CMSG_LEN(bytes: number): number {
  return native.controlLength(checkInteger(bytes, 'bytes', 0, MAX_CONTROL_BYTES))
}

function viewsOf(value: unknown, name: string): Views {
  return checkViews(ArrayBuffer.isView(value) ? [value] : value, name)
}

/** What to do about an error that the control messages may be the reason of. */
function adviceFor(errno: number, control: readonly ControlMessage[] | undefined): string | undefined {
  if (control === undefined) return undefined
  switch (native.errorName(-errno)) {
    case 'EINVAL': {
      const fds = control.reduce((sum, each) => sum + (each.type === 'SCM_RIGHTS' ? each.fds.length : 0), 0)
      if (fds > MAX_FDS) return `${fds} descriptors are more than one message takes (${MAX_FDS})`
      return 'a control message may not be one that this kind of socket takes'
    }
    case 'EBADF':
      return 'a descriptor among the control messages is not open'
    case 'EPERM':
      return 'SCM_CREDENTIALS must be those of this process'
    case 'ETOOMANYREFS':
      return 'too many descriptors are under way and not received yet (RLIMIT_NOFILE)'
    case 'ENOBUFS':
      return 'control messages take more room than the system allows (net.core.optmem_max)'
    default:
      return undefined
  }
}
