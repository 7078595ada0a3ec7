/** recv, send and their relatives: each as one call at once, and as a promise. */
import type { NativeReactor } from '@pollux/native-poll'
import { type Endpoint, publicAddress, type SocketAddress } from '../address.js'
import { constants, SOCK_STREAM } from '../constants.js'
import { systemError } from '../system-error.js'
import { EAGAIN, EINVAL } from './errnos.js'
import { checkFlags, directionOf } from './flags.js'
import { type AddressArguments, addressArguments, endpointOf } from './socket-address.js'
import type { SocketCore } from './socket-core.js'
import { byteLengthOf, checkViews, type Views } from './views.js'
import { Direction, type Operation } from './waiting.js'
import { WOULD_BLOCK, type WouldBlock } from './would-block.js'

/** What `recvfrom` gives. */
export interface ReceivedFrom {
  /** How many bytes came; with MSG_TRUNC how many the datagram had. */
  bytes: number
  /** Who sent them; undefined for a stream, and for a Unix socket without a name. */
  address: SocketAddress | undefined
}

/** One attempt moves about so much, and then lets others have their turn: a fast peer must not hold up the loop. */
export const MAX_BYTES_PER_ATTEMPT = 4 * 1024 * 1024

/** The most buffers of one call; POSIX promises 16. */
const MAX_VECTORS = constants.IOV_MAX ?? 16

/** One transfer, or as many as it takes. */
export abstract class Transfer<Result> implements Operation<Result> {
  bytesTransferred = 0

  constructor(
    protected readonly core: SocketCore,
    readonly syscall: string,
    readonly direction: Direction,
    protected readonly total: number,
    protected readonly endpoint?: Endpoint,
  ) {}

  /** Whether a promise goes on until all is transferred, as a blocking call does. */
  untilAll = false

  attempt(): Result | WouldBlock {
    const enough = this.bytesTransferred + MAX_BYTES_PER_ATTEMPT
    for (;;) {
      const count = this.step(this.core.loop.reactor, this.core.handle)
      if (count === EAGAIN) return WOULD_BLOCK
      if (count < 0) throw this.failure(count)
      this.bytesTransferred += count
      if (!this.untilAll || count === 0 || this.bytesTransferred >= this.total) return this.result()
      if (this.bytesTransferred >= enough) return WOULD_BLOCK
    }
  }

  protected get left(): number {
    return this.total - this.bytesTransferred
  }

  protected failure(errno: number): Error {
    return systemError(errno, this.syscall, this.endpoint)
  }

  /** One system call for what is left: bytes or `-errno`. */
  protected abstract step(reactor: NativeReactor, handle: number): number
  protected abstract result(): Result
}

/** One whose result is how many bytes were moved. */
export abstract class CountedTransfer extends Transfer<number> {
  protected result(): number {
    return this.bytesTransferred
  }
}

/** One from or into several buffers. */
abstract class VectorTransfer extends CountedTransfer {
  protected readonly buffers: Views

  constructor(core: SocketCore, syscall: string, direction: Direction, views: readonly ArrayBufferView[]) {
    const buffers = checkViews(views, 'buffers')
    super(core, syscall, direction, buffers.total)
    this.buffers = buffers
    // A stream takes buffers beyond the limit with the next call; a datagram is one call.
    if (core.type !== SOCK_STREAM && buffers.views.length > MAX_VECTORS) throw systemError(EINVAL, syscall)
  }
}

/** recv(2), read(2). */
export class Receive extends CountedTransfer {
  constructor(
    core: SocketCore,
    syscall: string,
    private readonly view: ArrayBufferView,
    private readonly flags: number,
  ) {
    super(core, syscall, directionOf(flags), byteLengthOf(view, 'buffer'))
  }

  protected step(reactor: NativeReactor, handle: number): number {
    return reactor.recvNow(handle, this.view, this.bytesTransferred, this.left, this.flags)
  }
}

/** recvfrom(2). */
export class ReceiveFrom extends Transfer<ReceivedFrom> {
  private address: SocketAddress | undefined

  constructor(
    core: SocketCore,
    private readonly view: ArrayBufferView,
    private readonly flags: number,
  ) {
    super(core, 'recvfrom', directionOf(flags), byteLengthOf(view, 'buffer'))
  }

  protected step(reactor: NativeReactor, handle: number): number {
    const received = reactor.recvfromNow(handle, this.view, this.bytesTransferred, this.left, this.flags)
    if (typeof received === 'number') return received
    if (received[1] !== undefined) this.address = publicAddress(received[1])
    return received[0]
  }

  protected result(): ReceivedFrom {
    return { bytes: this.bytesTransferred, address: this.address }
  }
}

/** readv(2). */
export class ReceiveVectors extends VectorTransfer {
  constructor(core: SocketCore, views: readonly ArrayBufferView[]) {
    super(core, 'readv', Direction.in, views)
  }

  protected step(reactor: NativeReactor, handle: number): number {
    return reactor.readvNow(handle, this.buffers.views, this.buffers.lengths, this.bytesTransferred)
  }
}

/** send(2), write(2). */
export class Send extends CountedTransfer {
  constructor(
    core: SocketCore,
    syscall: string,
    private readonly view: ArrayBufferView,
    private readonly flags: number,
  ) {
    super(core, syscall, Direction.out, byteLengthOf(view, 'data'))
    checkFlags(flags)
  }

  protected step(reactor: NativeReactor, handle: number): number {
    return reactor.sendNow(handle, this.view, this.bytesTransferred, this.left, this.flags)
  }
}

/** sendto(2). */
export class SendTo extends CountedTransfer {
  private readonly to: AddressArguments

  constructor(
    core: SocketCore,
    private readonly view: ArrayBufferView,
    private readonly flags: number,
    address: Endpoint,
  ) {
    const to = addressArguments(address)
    super(core, 'sendto', Direction.out, byteLengthOf(view, 'data'), endpointOf(to))
    checkFlags(flags)
    this.to = to
  }

  protected step(reactor: NativeReactor, handle: number): number {
    const { view, bytesTransferred, left, flags } = this
    return reactor.sendtoNow(handle, view, bytesTransferred, left, flags, ...this.to)
  }
}

/** writev(2). */
export class SendVectors extends VectorTransfer {
  constructor(core: SocketCore, views: readonly ArrayBufferView[]) {
    super(core, 'writev', Direction.out, views)
  }

  protected step(reactor: NativeReactor, handle: number): number {
    return reactor.writevNow(handle, this.buffers.views, this.buffers.lengths, this.bytesTransferred)
  }
}
