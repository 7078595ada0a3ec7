/** getsockopt(2) and setsockopt(2): typed by the table, and with bytes for whatever is not in it. */
import { invalidArgType, invalidArgValue } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { native } from '../native.js'
import { byteLengthOf } from '../sockets/views.js'
import { checkInteger } from '../validate.js'
import { type OptionCall, refused, unsupported } from './option-error.js'
import { type Encoded, MAX_INT, type OptionType } from './option-type.js'
import { layoutOf } from './struct.js'
import { type OptionLevel, SOCKET_OPTIONS } from './table.js'

/** An open socket of a loop. */
export interface OptionTarget {
  readonly loop: EventLoop
  readonly handle: number
}

/** The most bytes of one value. */
const MAX_BYTES = 1 << 20

/** Any row of the table. */
type AnyOption = OptionType<never, unknown>

/** One option as the system calls want it. */
interface SystemOption {
  type: AnyOption
  level: number
  option: number
}

/**
 * getsockopt(2), as `Socket.getsockopt` types it: a level and a name of the table, or two numbers and the most bytes
 * that the value can have.
 */
export function getOption(target: OptionTarget, level: unknown, name: unknown, maxBytes?: unknown): unknown {
  if (typeof level === 'number') return getRaw(target, level, name, maxBytes)
  const { type, level: number, option } = find(level, name, 'getsockopt')
  return type.decode!(read(target, number, option, type.maxBytes, name as string))
}

/** setsockopt(2), as `Socket.setsockopt` types it. `shown` is what errors call the option. */
export function setOption(
  target: OptionTarget,
  level: unknown,
  name: unknown,
  value: unknown,
  shown = name as string,
): void {
  if (typeof level === 'number') {
    setRaw(target, level, name, value)
    return
  }
  const { type, level: number, option } = find(level, name, 'setsockopt')
  write(target, number, option, type.encode!(value as never, shown), shown, type.capability)
}

/** The option in the table, which has this direction, and in this platform's headers. */
function find(level: unknown, name: unknown, syscall: OptionCall): SystemOption {
  if (typeof level !== 'string') throw invalidArgType('level', 'of type string or number', level)
  if (typeof name !== 'string') throw invalidArgType('name', 'of type string, as level is', name)
  if (!Object.hasOwn(SOCKET_OPTIONS, level)) {
    throw invalidArgValue('level', `must be one of ${Object.keys(SOCKET_OPTIONS).join(', ')}`, level)
  }
  const options: Readonly<Record<string, AnyOption>> = SOCKET_OPTIONS[level as OptionLevel]
  if (!Object.hasOwn(options, name)) {
    throw invalidArgValue(
      'name',
      `must be an option of ${level} that Pollux knows by name; any other goes by number and bytes`,
      name,
    )
  }
  const type = options[name]
  if (syscall === 'getsockopt' && type.decode === undefined) {
    throw invalidArgValue('name', 'must be an option that can be read', name)
  }
  if (syscall === 'setsockopt' && type.encode === undefined) {
    throw invalidArgValue('name', 'must be an option that can be set', name)
  }
  const { [level]: number, [name]: option } = native.constants
  const described = type.struct === undefined || layoutOf(type.struct) !== undefined
  if (number === undefined || option === undefined || !described) throw unsupported(syscall, name)
  return { type, level: number, option }
}

function read(
  { loop, handle }: OptionTarget,
  level: number,
  option: number,
  maxBytes: number,
  shown: string,
): Encoded {
  if (maxBytes === 0) {
    const [error, value] = loop.reactor.getOption(handle, level, option)
    if (error < 0) throw refused(error, 'getsockopt', shown)
    return value
  }
  const bytes = loop.reactor.getOptionBytes(handle, level, option, maxBytes)
  if (typeof bytes === 'number') throw refused(bytes, 'getsockopt', shown)
  return bytes
}

function write(
  { loop, handle }: OptionTarget,
  level: number,
  option: number,
  value: Encoded,
  shown: string,
  capability?: string,
): void {
  const result =
    typeof value === 'number'
      ? loop.reactor.setOption(handle, level, option, value)
      : loop.reactor.setOptionBytes(handle, level, option, value)
  if (result < 0) throw refused(result, 'setsockopt', shown, capability)
}

function getRaw(target: OptionTarget, level: number, name: unknown, maxBytes: unknown): Uint8Array {
  checkInteger(level, 'level', -MAX_INT - 1, MAX_INT)
  const option = checkInteger(name, 'name', -MAX_INT - 1, MAX_INT)
  // 0 would mean an int to `read`, and nothing to the kernel.
  const room = checkInteger(maxBytes, 'maxBytes', 1, MAX_BYTES)
  return read(target, level, option, room, `option ${option} of level ${level}`) as Uint8Array
}

function setRaw(target: OptionTarget, level: number, name: unknown, value: unknown): void {
  checkInteger(level, 'level', -MAX_INT - 1, MAX_INT)
  const option = checkInteger(name, 'name', -MAX_INT - 1, MAX_INT)
  const length = byteLengthOf(value, 'value')
  if (length > MAX_BYTES) throw invalidArgValue('value', `must be at most ${MAX_BYTES} bytes`, value)
  const { buffer, byteOffset } = value as ArrayBufferView
  const bytes = new Uint8Array(buffer, byteOffset, length)
  write(target, level, option, bytes, `option ${option} of level ${level}`)
}
