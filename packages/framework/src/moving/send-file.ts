/** Files on their way to a connection. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import {
  checkInteger,
  checkObject,
  invalidArgType,
  invalidArgValue,
  outOfRange,
  systemError,
} from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import { closedBeforeSent, sendFileClosed } from '../failures.js'
import { writeFile } from './write-file.js'

/** A path, a `file:` URL, an open file descriptor, or a `FileHandle`. */
export type FileSource = string | URL | number | Pick<FileHandle, 'fd'>

/** Which part of a file. */
export interface SendFileOptions {
  /** The first byte. Default 0. */
  start?: number
  /** One past the last byte. Default: the size of the file now. */
  end?: number
}

const ONE_BYTE = Buffer.alloc(1)

/** See `Connection.sendFile`. */
export async function sendFile(
  connection: AnyConnection,
  source: FileSource,
  options: SendFileOptions,
): Promise<number> {
  checkObject(options, 'options')
  const owned = typeof source === 'string' || source instanceof URL
  // Here and now, as sendfile(2) reads here and now: the file has its place among the writes. Nonblocking, since a FIFO
  // would wait for its other end.
  const fd = owned ? openSync(source, constants.O_RDONLY | constants.O_NONBLOCK) : descriptorOf(source)
  let close = owned
  try {
    const { start, length } = rangeOf(fd, source, options)
    // One that was opened for writing only would fail in mid-stream, and cost the connection.
    if (!owned && length > 0) readSync(fd, ONE_BYTE, 0, 1, start)
    if (!connection.isWritable) throw sendFileClosed()
    if (!connection.isPlain) {
      close = false
      return writeFile(connection, fd, start, length, owned)
    }
    const result = connection.loop.reactor.sendFile(connection.handle, fd, start, length)
    // It has failed already, and will hear of it; or there is no descriptor left for this.
    if (result < 0) throw systemError(result, 'dup')
    return underWay(connection, length)
  } finally {
    // The reactor has a descriptor of its own.
    if (close) closeSync(fd)
  }
}

/** Kept when the reactor says so, broken by the close. */
function underWay(connection: AnyConnection, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    connection.addFile({
      sent: () => resolve(length),
      lost: (cause) => reject(closedBeforeSent(cause)),
    })
  })
}

function descriptorOf(source: unknown): number {
  const fd = typeof source === 'number' ? source : (source as { fd?: unknown } | null)?.fd
  if (typeof fd !== 'number') {
    throw invalidArgType('file', 'a path, a file descriptor or an instance of FileHandle', source)
  }
  return checkInteger(fd, 'file', 0, 2 ** 31 - 1)
}

function rangeOf(
  fd: number,
  source: FileSource,
  options: SendFileOptions,
): { start: number; length: number } {
  const stat = fstatSync(fd)
  if (!stat.isFile()) {
    const kind = stat.isDirectory() ? 'a directory' : 'no regular file'
    throw invalidArgValue('file', `must be a regular file, and is ${kind}`, source)
  }
  const end = checkInteger(options.end ?? stat.size, 'options.end', 0, Number.MAX_SAFE_INTEGER)
  if (end > stat.size) throw outOfRange('options.end', `at most ${stat.size}, the size of the file`, end)
  const start = checkInteger(options.start ?? 0, 'options.start', 0, Number.MAX_SAFE_INTEGER)
  if (start > end) throw outOfRange('options.start', `at most ${end}, where the range ends`, start)
  return { start, length: end - start }
}
