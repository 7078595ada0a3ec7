/** The two calls about options, by their POSIX names. */
import { coreOf, OpenSocket } from '../sockets/open-socket.js'
import { getOption, setOption } from './calls.js'
import type {
  OptionInput,
  OptionLevel,
  OptionValue,
  ReadableOption,
  SettableOption,
  SOCKET_OPTIONS,
} from './table.js'

/** A socket with options. Users see it as a part of `Socket`. */
export abstract class OptionSocket extends OpenSocket {
  /**
   * getsockopt(2) of an option by its level and name, which fix the type of the value; or of any other, as bytes.
   * What each of them means stands in {@link SOCKET_OPTIONS}.
   *
   * @param level 'SOL_SOCKET', 'IPPROTO_IP', 'IPPROTO_IPV6', 'IPPROTO_TCP', 'IPPROTO_UDP'; or a number
   * @param name as in the manual: 'SO_LINGER'; or a number
   * @param maxBytes of a raw option: what the value has at most, 1 to 1,048,576; the kernel finds them zeroed
   * @throws SocketError ENOPROTOOPT (or ENOTSUP) where the platform, its kernel, or this kind of socket has no such
   *   option, ENOTCONN, …; TypeError, RangeError
   *
   * @example
   * ```ts
   * import { AF_INET, constants, SOCK_STREAM, socket } from '@pollux/core'
   *
   * using tcp = socket(AF_INET, SOCK_STREAM)
   * console.log(tcp.getsockopt('SOL_SOCKET', 'SO_RCVBUF')) // 131072
   * console.log(tcp.getsockopt('IPPROTO_TCP', 'TCP_INFO').state) // 'CLOSE'
   * console.log(tcp.getsockopt(constants.SOL_SOCKET, constants.SO_TYPE, 4)) // Uint8Array(4) [ 1, 0, 0, 0 ]
   * ```
   */
  getsockopt<Level extends OptionLevel, Name extends ReadableOption<Level>>(
    level: Level,
    name: Name,
  ): OptionValue<Level, Name>
  getsockopt(level: number, name: number, maxBytes: number): Uint8Array
  getsockopt(level: OptionLevel | number, name: unknown, maxBytes?: number): unknown {
    return getOption(coreOf(this), level, name, maxBytes)
  }

  /**
   * setsockopt(2) of an option by its level and name, which fix the type of the value; or of any other, as bytes.
   * What each of them means stands in {@link SOCKET_OPTIONS}.
   *
   * @param level 'SOL_SOCKET', 'IPPROTO_IP', 'IPPROTO_IPV6', 'IPPROTO_TCP', 'IPPROTO_UDP'; or a number
   * @param name as in the manual: 'SO_LINGER'; or a number
   * @param value of a raw option: as the kernel reads it, at most 1,048,576 bytes
   * @throws SocketError ENOPROTOOPT (or ENOTSUP) where the platform, its kernel, or this kind of socket has no such
   *   option, EPERM with the capability that is needed, EINVAL, …; TypeError, RangeError
   *
   * @example
   * ```ts
   * import { AF_INET, SOCK_STREAM, socket } from '@pollux/core'
   *
   * using tcp = socket(AF_INET, SOCK_STREAM)
   * tcp.setsockopt('SOL_SOCKET', 'SO_LINGER', { on: true, seconds: 5 })
   * tcp.setsockopt('IPPROTO_TCP', 'TCP_NODELAY', true)
   * console.log(tcp.getsockopt('SOL_SOCKET', 'SO_LINGER')) // { on: true, seconds: 5 }
   * ```
   */
  setsockopt<Level extends OptionLevel, Name extends SettableOption<Level>>(
    level: Level,
    name: Name,
    value: OptionInput<Level, Name>,
  ): void
  setsockopt(level: number, name: number, value: ArrayBufferView): void
  setsockopt(level: OptionLevel | number, name: unknown, value: unknown): void {
    setOption(coreOf(this), level, name, value)
  }
}
