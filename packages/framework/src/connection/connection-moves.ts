/** What a connection moves without its handlers: files, bytes of a pipe, and what it subscribes to. */
import { Column } from '@pollux/core'
import { noTopics } from '../failures.js'
import { type FileSource, type SendFileOptions, sendFile } from '../moving/send-file.js'
import type { Server } from '../server/server.js'
import type { FileUnderWay, PipeTo } from './connection-info.js'
import { ConnectionInput } from './connection-input.js'
import { Lifecycle } from './lifecycle.js'

const { PEER_ENDED, DESTROYED } = Lifecycle

const NO_TOPICS: readonly string[] = []

export abstract class ConnectionMoves<State, In, Out> extends ConnectionInput<State, In, Out> {
  abstract get server(): Server<State, In, Out> | undefined

  /**
   * Sends a file, or part of one, by sendfile(2): in its place among the writes before and after it, as fast as the
   * peer reads, and without a copy of it in memory. Where the kernel refuses, it goes in pieces.
   *
   * The file must not become shorter meanwhile: the connection is reset then, for the peer may have been told how
   * much comes. A new version belongs into a new file that is renamed over the old one.
   *
   * @param file a path, an open file descriptor or a `FileHandle`. The latter two stay yours, and may be closed as soon as
   *   this returns; with a filter (TLS) not before the promise is settled
   * @param options.start the first byte. Default 0.
   * @param options.end one past the last byte, as of `slice`. Default: the size of the file now.
   * @returns how many bytes were sent, once the kernel has taken them
   * @throws Error of node:fs (ENOENT, EACCES, EISDIR, EBADF, …); RangeError for a range that the file does not have;
   *   SocketError ERR_POLLUX_CLOSED if the connection closes before, ERR_POLLUX_FILE_CHANGED
   *
   * @example
   * ```ts
   * conn.write(`content-length: ${size}\r\n\r\n`)
   * await conn.sendFile('/srv/movie.mp4', { start: 0, end: size })
   * ```
   */
  sendFile(file: FileSource, options: SendFileOptions = {}): Promise<number> {
    return sendFile(this as never, file, options)
  }

  /**
   * Joins a topic of its server: what is published there is sent here, too. Twice is once; the close ends it.
   *
   * @throws Error for a connection of `connect`, which has no server
   *
   * @example
   * ```ts
   * conn.subscribe('news')
   * server.publish('news', 'It rains')
   * ```
   */
  subscribe(topic: string): void {
    if (this.server === undefined) throw noTopics()
    if (this.lifecycle < DESTROYED) this.server.subscriptions.join(topic, this as never)
  }

  /** Leaves a topic; whether it had joined it. */
  unsubscribe(topic: string): boolean {
    return this.server?.subscriptions.leave(topic, this as never) ?? false
  }

  /** The topics that it has joined. */
  get topics(): readonly string[] {
    return this.server?.subscriptions.of(this as never) ?? NO_TOPICS
  }

  // From here on: called by pipes, files and topics.

  /** Internal: whether bytes can be sent that are in the send slab already, and leave no more than `most` queued. */
  takesPlaced(length: number, most: number): boolean {
    if (this.lifecycle > PEER_ENDED || this.through !== null) return false
    const queued = this.column(Column.QUEUED)
    return queued === 0 || queued + length <= most
  }

  /** Internal: whether it takes bytes at all. */
  get isWritable(): boolean {
    return this.lifecycle <= PEER_ENDED
  }

  /** Internal: whether nothing stands between it and its socket, so that the kernel may move its bytes. */
  get isPlain(): boolean {
    return this.through === null
  }

  /** Internal: whether the kernel may take what it receives. A plugin that counts each receive (a rate) has to see it. */
  get isSpliceable(): boolean {
    return this.through === null && this.settings.hooks.received === null
  }

  /** Internal: a pipe leads here, or does no more. */
  set pipeTo(pipe: PipeTo | undefined) {
    this.details.pipeTo = pipe
  }

  /** Internal: whether there is a pipe already. */
  isPiped(direction: 'from' | 'to'): boolean {
    return (direction === 'from' ? this.details.pipeFrom : this.details.pipeTo) !== undefined
  }

  /** Internal: ends our half if that has waited for the pipe which led here. */
  abstract pipeLeft(): void

  /** Internal: a file is under way. */
  addFile(file: FileUnderWay): void {
    const { details } = this
    details.files ??= []
    details.files.push(file)
  }

  override onPiped(errno: number): void {
    this.details.pipeFrom?.over(errno)
  }

  override onFileSent(): void {
    this.details.files?.shift()?.sent()
  }

  /** The connection has closed. */
  protected abandonMoves(): void {
    const { error, files, pipeFrom, pipeTo } = this.details
    this.details.files = undefined
    for (const file of files ?? []) file.lost(error)
    pipeFrom?.sourceClosed()
    pipeTo?.targetClosed()
  }
}
