/** Options of stream sockets under names of our own. What each of them is stands in options/. */
import { getOption, type OptionTarget, setOption } from './options/calls.js'

/** Options whose value is true or false. */
export type BooleanSocketOption = 'reuseAddress' | 'reusePort' | 'ipv6Only' | 'noDelay' | 'keepAlive'

/** Options whose value is a number of bytes. */
export type NumericSocketOption = 'sendBufferBytes' | 'receiveBufferBytes'

/** Every option that has a name. */
export type SocketOption = BooleanSocketOption | NumericSocketOption
