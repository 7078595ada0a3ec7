/** The many ways to call `server.listen`, brought to one. */
import {
  checkAbortSignal,
  checkPort,
  invalidValue,
  isPath,
  normalizeArguments,
  toNumber,
} from '../arguments.js'
import { BoundSocket } from '../bound-socket.js'

/** As Node asks for, unless it is told. */
const BACKLOG = 511
const MAX_BACKLOG = 2 ** 31 - 1

/** Where to listen. */
export type ListenTarget =
  | { kind: 'bound'; socket: BoundSocket; path: string | undefined }
  /** The descriptor of a handle that belongs to somebody else. */
  | { kind: 'shared'; fd: number }
  | { kind: 'fd'; fd: number }
  | { kind: 'port'; host: string; port: number; ipv6Only: boolean; reusePort: boolean }
  | PathTarget

export interface PathTarget {
  kind: 'path'
  path: string
  readableAll: boolean
  writableAll: boolean
}

/** What a call of `listen` asks for. */
export interface ListenRequest {
  target: ListenTarget
  backlog: number
  /** Not to be shared with other workers of a cluster. */
  exclusive: boolean
  signal: AbortSignal | undefined
}

interface Options {
  [name: string]: unknown
}

/** The options and the callback, which count even where the rest of the arguments is wrong. */
export const listenArguments = normalizeArguments

/** @throws what `server.listen` of Node throws */
export function readListenRequest(args: readonly unknown[], given: Options): ListenRequest {
  const backlogArgument = toNumber(args.length > 1 && args[1]) || toNumber(args.length > 2 && args[2])
  const request = (target: ListenTarget, backlog: unknown, exclusive = true): ListenRequest => ({
    target,
    backlog: checkedBacklog(backlog),
    exclusive,
    signal: options.signal as AbortSignal | undefined,
  })
  const options = (given._handle || given.handle || given) as Options
  for (const bound of [given, given.handle]) {
    if (!(bound instanceof BoundSocket)) continue
    const name = bound.address()
    const path = typeof name === 'string' ? name : undefined
    return request({ kind: 'bound', socket: bound, path }, backlogArgument)
  }
  if (isHandle(options)) return request({ kind: 'shared', fd: options.fd }, backlogArgument)
  if (options.signal !== undefined) checkAbortSignal(options.signal, 'options.signal')
  if (typeof options.fd === 'number' && options.fd >= 0) {
    return request({ kind: 'fd', fd: options.fd }, backlogArgument, false)
  }
  const target = portOf(args, options) ?? pathOf(options)
  if (target === undefined) {
    throw invalidValue(
      'options',
      options,
      'port' in options || 'path' in options ? 'is invalid' : 'must have the property "port" or "path"',
    )
  }
  const exclusive = Boolean(options.exclusive) || options.reusePort === true
  return request(target, options.backlog || backlogArgument, exclusive)
}

/** What a socket or server has in `_handle`: a descriptor that it closes itself. */
function isHandle(value: Options): value is Options & { fd: number } {
  return typeof value.fd === 'number' && typeof value.getAsyncId === 'function'
}

function portOf(args: readonly unknown[], options: Options): ListenTarget | undefined {
  const isAny =
    args.length === 0 ||
    typeof args[0] === 'function' ||
    (options.port === undefined && 'port' in options) ||
    options.port === null
  const given: unknown = isAny ? 0 : options.port
  if (typeof given !== 'number' && typeof given !== 'string') return undefined
  return {
    kind: 'port',
    port: checkPort(given, 'options.port'),
    host: (options.host || '') as string,
    ipv6Only: options.ipv6Only === true,
    reusePort: options.reusePort === true,
  }
}

function pathOf(options: Options): ListenTarget | undefined {
  const { path } = options
  if (!path || !isPath(path)) return undefined
  if (path[0] === '\0' && (options.readableAll || options.writableAll)) {
    const text = 'can not set readableAll or writableAllt to true when path is abstract unix socket'
    throw invalidValue('options', options, text)
  }
  return {
    kind: 'path',
    path,
    readableAll: options.readableAll === true,
    writableAll: options.writableAll === true,
  }
}

/** An int, as the system call takes it: less than none is as many as there may be. */
function checkedBacklog(backlog: unknown): number {
  const number = Number(backlog || BACKLOG) | 0
  return number < 0 ? MAX_BACKLOG : number
}
