/** The option calls for sockets that the reactor drives: those of a `Socket`, on whatever stands in a slot. */
import { getOption, type OptionTarget, setOption } from './calls.js'
import type { OptionSocket } from './option-socket.js'

/** `getsockopt` and `setsockopt`, as {@link Socket} has them. */
export type OptionCalls = Pick<OptionSocket, 'getsockopt' | 'setsockopt'>

/** The option calls of a channel. Of one that is closed they throw SocketError EBADF. */
export function optionCallsOf(target: OptionTarget): OptionCalls {
  return {
    getsockopt: (level: unknown, name: unknown, maxBytes?: unknown) =>
      getOption(target, level, name, maxBytes),
    setsockopt: (level: unknown, name: unknown, value: unknown) => setOption(target, level, name, value),
  } as OptionCalls
}
