/**
 * One reactor, as TypeScript sees it. System calls report failure as a value: a negative result is `-errno`. Only misuse
 * (a wrong type, a slab too small) throws.
 */
import type { NativeAddress } from './addresses.js'

/** The three kernel facilities that can wait for readiness. */
export type BackendName = 'epoll' | 'poll' | 'select'

/** Sizes and limits of a reactor, and the memory that JavaScript lends it. All are required here; defaults are `@pollux/core`'s. */
export interface ReactorOptions {
  backend: BackendName
  /** `Int32Array` of CONTROL_WORDS. */
  control: Int32Array
  /** Event ring; its length in records is the most events of one dispatch. */
  events: Int32Array
  /** Submission ring. */
  submissions: Int32Array
  /** Bytes written by handlers, until the drain. */
  sendSlab: Uint8Array
  /** What sockets are received into. At least `maxReadBytes`. */
  receiveSlab: ArrayBuffer
  /** Where small owned chunks are copied to. At least `copyMaxBytes`. */
  pool: ArrayBuffer
  /** `Float64Array` of TABLE_COLUMNS for each slot; its size is the number of slots. */
  table: Float64Array
  /** `Float64Array` of COUNTERS. */
  counters: Float64Array
  /** The most bytes of one receive. */
  maxReadBytes: number
  /** Owned chunks up to this size are copied into the pool; larger ones stay where they were received. */
  copyMaxBytes: number
  /** The most connections one listener takes in one round. */
  acceptBudget: number
  /** The most rounds of one turn before control goes back to libuv. */
  maxRounds: number
  /** The most microseconds of one turn, looked at between rounds. */
  maxTurnUs: number
  /** How long a turn may look for more work before it goes back to libuv, in microseconds; 0: not at all. */
  busyPollUs: number
}

/** What a datagram socket could not do. */
export interface NativeDatagramFailure {
  /** 0: the queue was full, and the datagrams were dropped. */
  errno: number
  /** A `Syscall`. */
  syscall: number
  /** How many datagrams were dropped; 0 where the error was about earlier ones. */
  datagrams: number
  /** Bytes of the first of them. */
  bytes: number
  /** Where the first should have gone, or null. */
  address: NativeAddress | null
}

export interface NativeDatagramStatistics {
  received: number
  sent: number
  truncated: number
  dropped: number
  errors: number
  /** Datagrams that wait to be sent. */
  queued: number
  /** Whether several datagrams may arrive in one. */
  gro: boolean
  /** Whether several may leave in one; false once the kernel or the device has refused. */
  gso: boolean
  connected: boolean
}

/** One reactor. A `handle` is `generation * HANDLE_BASE + slot`. Results below zero are `-errno`. */
export interface NativeReactor {
  readonly backend: BackendName
  /** Makes a nonblocking, close-on-exec socket; its handle, or `-errno`. */
  socket(family: number, type: number, protocol: number): number
  /**
   * Takes over an open fd that must be a stream socket; its handle, or `-errno` (ENOTSOCK, EBADF, EPROTOTYPE, EEXIST
   * if it is this reactor's already). The fd is ours from then on.
   */
  adopt(fd: number): number
  /** The same with a duplicate of the fd (F_DUPFD_CLOEXEC): the fd itself stays the caller's. Also EMFILE. */
  adoptDuplicate(fd: number): number
  /** bind(2) to an IP address. */
  bindIp(handle: number, address: string, port: number, scopeId: number): number
  /** bind(2) to a Unix path or abstract name; a stale socket file is unlinked first when nobody answers on it. */
  bindUnix(handle: number, path: string): number
  /** listen(2), and accept from now on. Connections are `borrow`ed or owned (see `EventType`). */
  listen(handle: number, backlog: number, borrow: boolean): number
  /** connect(2); 0 when it is under way (a CONNECT event follows, always), or `-errno`. */
  connectIp(handle: number, address: string, port: number, scopeId: number, borrow: boolean): number
  connectUnix(handle: number, path: string, borrow: boolean): number
  /** Starts to receive on an adopted, connected socket. */
  open(handle: number, borrow: boolean): number
  /** setsockopt(2) with an int value. */
  setOption(handle: number, level: number, name: number, value: number): number
  /** getsockopt(2) of an int value: `[error, value]`, error 0 or `-errno`. */
  getOption(handle: number, level: number, name: number): [error: number, value: number]
  /** setsockopt(2) with any value, of at most 1 MiB. */
  setOptionBytes(handle: number, level: number, name: number, value: Uint8Array): number
  /** getsockopt(2) of any value: as many bytes as the kernel filled, at most `maxBytes` (up to 1 MiB); or `-errno`. */
  getOptionBytes(handle: number, level: number, name: number, maxBytes: number): Uint8Array | number
  /** getsockname(2), or `-errno`. */
  localAddress(handle: number): NativeAddress | number
  /** The peer's address: as accept gave it, or getpeername(2), or `-errno`. */
  remoteAddress(handle: number): NativeAddress | number
  /** The fd, for diagnostics; `-EBADF` for a stale handle. */
  fd(handle: number): number
  /**
   * Reports READY once when the socket is ready for any of `interest` (READABLE, WRITABLE, PRIORITY of `Readiness`),
   * or has an error or a hang-up, which end the waiting for all bits. Takes the place of what was watched before; 0
   * watches no more. For sockets that the reactor does not drive: EINVAL for the others. 0, or `-errno` (EBADF: stale
   * handle; ERANGE: fd too large for select).
   */
  watch(handle: number, interest: number): number
  /**
   * Sends bytes straight from a caller's buffer, after all that was submitted before; what the kernel does not
   * take is copied into the backlog. 0, or `-errno` (EBADF: stale handle). A failing send is an ERROR event.
   */
  write(handle: number, bytes: Uint8Array): number
  /**
   * Sends `length` bytes of a file from `offset` on, after all that was submitted before, by sendfile(2) or in pieces;
   * FILE_SENT follows. A file that ends sooner is an ERROR of ENODATA. The descriptor stays the caller's, who may close
   * it at once. 0, or `-errno` (EBADF: stale handle, or no such descriptor; EMFILE).
   */
  sendFile(handle: number, fd: number, offset: number, length: number): number
  /**
   * What `from` receives goes to `to` from now on, by splice(2) or in pieces, until its peer ends; PIPED follows. While
   * `to` has output that waits, `from` is not read; PAUSE and RESUME of `from` hold it up as ever. Ends nothing by
   * itself. 0, or `-errno` (EBADF: stale handle, or one that takes no more; EBUSY: `from` has a pipe to somewhere, or
   * `to` has one from somewhere).
   */
  pipe(from: number, to: number): number
  /**
   * Receives on an idle datagram socket from now on. `maxDatagramBytes` (1 to 65,535) is cut off at; datagrams that
   * the kernel does not take wait up to `maxQueuedBytes`; `gro` and `gso` ask for several datagrams in one, where the
   * system can. The stride of its datagrams in the slab, or `-errno` (EPROTOTYPE: no datagram socket; EMSGSIZE: the
   * slab holds no such datagram).
   */
  openDatagrams(
    handle: number,
    maxDatagramBytes: number,
    maxQueuedBytes: number,
    gro: boolean,
    gso: boolean,
  ): number
  /** connect(2) of an idle datagram socket, which is done at once. */
  connectDatagramsIp(handle: number, address: string, port: number, scopeId: number): number
  connectDatagramsUnix(handle: number, path: string): number
  /**
   * Sends a datagram (or several of `segmentBytes` each) straight from a caller's buffer, after all that was submitted
   * before. `address` is an encoded one, or null on a connected socket. 0, or `-errno` (EBADF: stale handle); a failing
   * send is a DATAGRAM_ERROR event.
   */
  sendDatagram(handle: number, bytes: Uint8Array, address: Uint8Array | null, segmentBytes: number): number
  /** What a DATAGRAM_ERROR was about, oldest first; null when all were taken. */
  takeDatagramFailure(handle: number): NativeDatagramFailure | null
  /** What a datagram socket has done so far; null for a stale handle. */
  datagramStatistics(handle: number): NativeDatagramStatistics | null
  /** The address of a datagram in the receive slab, by the offset of its header; null where it has none. */
  receivedAddress(offset: number): NativeAddress | null
  /** Drains the submission ring now. Needed only when it or the send slab is full. */
  submit(): void
  /**
   * Reports BACKLOG once, when the queued output of all sockets (`backlogBytes`) is `above` bytes or more, or `below` or
   * less; takes the place of the range before. MAX_SAFE_INTEGER and -1 are never reached.
   */
  watchBacklog(above: number, below: number): void
  /** A new receive slab; everything submitted against the old one is sent or copied first. */
  lendSlab(slab: ArrayBuffer): void
  lendPool(pool: ArrayBuffer): void
  /** A larger socket table; the old contents are copied into it. */
  lendTable(table: Float64Array): void
  /** A referenced socket keeps the process alive (the default). */
  ref(handle: number): void
  unref(handle: number): void
  /** The loop's clock in milliseconds, as in LAST_ACTIVITY_MS. */
  now(): number
  /** Closes every socket and gives all native resources back. Idempotent; no event follows. */
  close(): void

  /**
   * Reports POLLED once, when any of the entries (as for `pollNow`) is ready, and keeps the process alive until then.
   * Takes the place of what was named before; no entries: nothing is reported. 0, or `-errno` (EAGAIN: no thread to
   * wait with).
   */
  pollLater(entries: Int32Array): number

  // --- Sockets that the program drives itself: one system call each, at once. For a socket that the reactor drives
  // (after `listen`, `connect…` or `open`), and for a stale handle, these answer `-EBADF`. That a call would block is
  // `-EAGAIN`. An address is `address, port, scopeId`, or a path (or abstract name) with the port -1.

  /** socketpair(2): two handles, or `-errno`. */
  socketpair(family: number, type: number, protocol: number): [number, number] | number
  /** Takes over an open fd of any socket; its handle, or `-errno` (ENOTSOCK, EBADF, EEXIST). */
  adoptSocket(fd: number): number
  /** Family, type and protocol as the kernel has them. */
  describe(handle: number): [family: number, type: number, protocol: number] | number
  /** bind(2) and nothing else: no file is unlinked, now or later. */
  bindNow(handle: number, address: string, port: number, scopeId: number): number
  /** listen(2); connections wait until `acceptNow` takes them. */
  listenNow(handle: number, backlog: number): number
  /** accept(2); the new socket's handle, or `-errno`. `remoteAddress` tells who it is. */
  acceptNow(handle: number): number
  /** connect(2): 0, `-EINPROGRESS`, or another `-errno`. */
  connectNow(handle: number, address: string, port: number, scopeId: number): number
  /** connect(2) with AF_UNSPEC: the socket has no peer any more. */
  dissolveNow(handle: number): number
  /** shutdown(2). */
  shutdownNow(handle: number, how: number): number
  /** sockatmark(3): 1 at the mark, else 0, or `-errno`. */
  sockatmark(handle: number): number
  /** getpeername(2), or `-errno`. */
  peerName(handle: number): NativeAddress | number
  /** close(2): the fd is closed when it returns. No event follows. */
  closeNow(handle: number): number
  /** Gives the fd away: it stays open. No event follows. */
  detach(handle: number): number
  /**
   * recv(2) into `length` bytes of the view from `offset` on. Throws a TypeError where the view has fewer: its memory
   * was detached or shrunk.
   */
  recvNow(handle: number, view: ArrayBufferView, offset: number, length: number, flags: number): number
  /** recvfrom(2): the bytes and the sender, undefined where the kernel names none. */
  recvfromNow(
    handle: number,
    view: ArrayBufferView,
    offset: number,
    length: number,
    flags: number,
  ): [bytes: number, from: NativeAddress | undefined] | number
  /** readv(2) into the views, each with its length, without the first `skip` bytes of all; at most IOV_MAX at once. */
  readvNow(
    handle: number,
    views: readonly ArrayBufferView[],
    lengths: readonly number[],
    skip: number,
  ): number
  /** send(2) with MSG_NOSIGNAL, as `recvNow`. */
  sendNow(handle: number, view: ArrayBufferView, offset: number, length: number, flags: number): number
  /** sendto(2) with MSG_NOSIGNAL. */
  sendtoNow(
    handle: number,
    view: ArrayBufferView,
    offset: number,
    length: number,
    flags: number,
    address: string,
    port: number,
    scopeId: number,
  ): number
  /** writev(2), but with MSG_NOSIGNAL, as `readvNow`. */
  writevNow(
    handle: number,
    views: readonly ArrayBufferView[],
    lengths: readonly number[],
    skip: number,
  ): number

  // --- Messages on those sockets. The views and their lengths are as those of `readvNow`, but all of them: a datagram
  // of more than IOV_MAX is `-EMSGSIZE`, and a stream takes as many as fit. MSG_DONTWAIT is always added.

  /**
   * sendmsg(2) with MSG_NOSIGNAL: bytes sent. `control` is a flat list, CONTROL_FIELDS values for each message (see
   * `ControlKind`). `-ENOTSUP`: the kind is not in this system, or only ever received.
   */
  sendmsgNow(
    handle: number,
    views: readonly ArrayBufferView[],
    lengths: readonly number[],
    skip: number,
    control: readonly unknown[] | undefined,
    flags: number,
    address?: string,
    port?: number,
    scopeId?: number,
  ): number
  /**
   * recvmsg(2): bytes, the flags of the message, who sent it, and control messages as a flat list. Descriptors that
   * came along are handles of this reactor, close-on-exec and unreferenced. `-ENFILE` with NEED_TABLE: there are
   * fewer slots free than descriptors may come; nothing was received.
   */
  recvmsgNow(
    handle: number,
    views: readonly ArrayBufferView[],
    lengths: readonly number[],
    skip: number,
    controlBytes: number,
    flags: number,
  ): [bytes: number, flags: number, from: NativeAddress | number | undefined, control: unknown[]] | number
  /**
   * sendmmsg(2), or a loop of sendmsg(2): sends `count` datagrams of a batch (`DatagramBatch` of `@pollux/core`) from
   * `start` on, at most 1024; how many the kernel took, or `-errno` when it refused the first.
   */
  sendmmsgNow(
    handle: number,
    buffer: ArrayBuffer,
    maxBytes: number,
    start: number,
    count: number,
    flags: number,
  ): number
  /**
   * recvmmsg(2), or a loop of recvmsg(2): how many datagrams came, or `-errno`. An error after some of them comes with
   * the next call. Descriptors that come with datagrams are closed.
   */
  recvmmsgNow(
    handle: number,
    buffer: ArrayBuffer,
    maxBytes: number,
    start: number,
    count: number,
    flags: number,
  ): number
}
